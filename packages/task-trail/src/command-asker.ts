import { RateLimitedError, type ShownTask, type TaskLookups } from '@cf-audit-drain/cloud-foundry'
import type { Scrubber } from '@cf-audit-drain/event'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { FollowedTask } from './followed-task.ts'
import { HiddenCommands } from './hidden-commands.ts'
import { keptCommand } from './kept-command.ts'
import type { TaskStore } from './task-store.ts'
import type { CommandMissing, CommandPolicy } from './told-task.ts'

export interface CommandAskerDeps {
  readonly clock: Clock
  readonly lookups: TaskLookups
  readonly scrubber: Scrubber
  readonly heldBackMs?: () => number
  readonly observer?: { commandsHidden?(): void }
}

/** A command takes a request of its own: so many in one step. */
const askedMax = 100
const failuresMax = 3
/** After so many failures of one task after the other nothing waits for commands, and one is tried so often. */
const triedEveryMs = 600_000

/** Asks for the commands of tasks, where they are wanted and shown. Lists never show them. */
export class CommandAsker {
  readonly #policy: CommandPolicy['command']
  readonly #deps: CommandAskerDeps
  readonly #store: TaskStore
  readonly #gone = new Set<string>()
  readonly #hidden = new HiddenCommands()
  #left = askedMax
  #failedInRow = 0
  #triedAgainMs = 0
  #isTold = false

  constructor({ command }: CommandPolicy, deps: CommandAskerDeps, store: TaskStore) {
    this.#policy = command
    this.#deps = deps
    this.#store = store
  }

  /** A step begins. */
  begin(): void {
    this.#left = askedMax
    this.#gone.clear()
  }

  /** False when it is to be asked for later. A failure is thrown, a task that has failed often enough goes without. */
  async ask({ guid }: ShownTask, signal: AbortSignal): Promise<boolean> {
    const tracked = this.#store.get(guid)
    if (tracked === undefined || !this.#isWanted(tracked.task)) return true
    if (this.#isHidden(tracked.task) || tracked.commandFailures >= failuresMax) return true
    if (this.#failedInRow > failuresMax && this.#deps.clock.monotonic() < this.#triedAgainMs) return true
    if (this.isExhausted || (this.#deps.heldBackMs?.() ?? 0) > 0) return false
    this.#left--
    try {
      this.#take(tracked.task, await this.#deps.lookups.task(guid, signal))
      this.#failedInRow = 0
    } catch (error) {
      signal.throwIfAborted()
      // A limit says nothing of this task.
      if (error instanceof RateLimitedError) throw error
      this.#store.commandFailed(guid)
      if (++this.#failedInRow <= failuresMax) throw error
      // Lists come, so what became of tasks can be told.
      this.#triedAgainMs = this.#deps.clock.monotonic() + triedEveryMs
    }
    return true
  }

  /** Why a task that was asked for has no command. */
  missing(task: FollowedTask): CommandMissing | null {
    if (this.#policy === 'off' || task.command !== null) return null
    if (this.#gone.has(task.guid)) return 'gone'
    return this.#isHidden(task) ? 'hidden' : 'unavailable'
  }

  /** No more in this step. */
  get isExhausted(): boolean {
    return this.#left <= 0
  }

  #isHidden({ spaceGuid }: FollowedTask): boolean {
    return this.#hidden.isHidden(spaceGuid, this.#deps.clock.monotonic())
  }

  /** Kept by another policy it may lack the text. */
  #isWanted({ command }: FollowedTask): boolean {
    if (this.#policy === 'off') return false
    return command === null || (this.#policy === 'clear' && command.text === null)
  }

  #take({ guid, spaceGuid }: FollowedTask, shown: ShownTask | null): void {
    const { clock, scrubber, observer } = this.#deps
    if (shown === null) this.#gone.add(guid)
    else if (shown.command !== null) {
      this.#hidden.shown()
      this.#store.change(guid, { command: keptCommand(shown.command, this.#policy, scrubber) })
    } else {
      this.#hidden.hidden(spaceGuid, clock.monotonic())
      if (!this.#isTold) observer?.commandsHidden?.()
      this.#isTold = true
    }
  }
}

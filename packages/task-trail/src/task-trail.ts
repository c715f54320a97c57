import {
  CloudFoundryError,
  lookupGuidsMax,
  type ShownTask,
  type TaskLookups,
} from '@cf-audit-drain/cloud-foundry'
import type { AuditEvent, OwnEvent, Scrubber } from '@cf-audit-drain/event'
import type { NameRecord } from '@cf-audit-drain/log'
import { asError, type Clock, NotedFailures } from '@cf-audit-drain/pipeline'
import { CommandAsker } from './command-asker.ts'
import { type FollowedTask, recordKey } from './followed-task.ts'
import { keptName } from './kept-name.ts'
import { isRefusal, Rest } from './rest.ts'
import { nextLookMs } from './rhythm.ts'
import { mentionOf } from './task-event.ts'
import { TaskStore, type TrackedTask } from './task-store.ts'
import { type CommandPolicy, completedTask, lostTask } from './told-task.ts'

export interface TaskTrailOptions extends CommandPolicy {
  /** Tasks followed at once; default 50,000. */
  readonly followedMax?: number
}

/** What a trail tells about itself. */
export interface TaskTrailObserver {
  /** So many are followed now. */
  following?(count: number): void
  completed?(state: string): void
  lost?(): void
  /** There are too many: this one is not followed. */
  notFollowed?(): void
  /** Looking came to its end. */
  answered?(): void
  /** Looking failed, or something of one task did: it is tried again after so long. A refusal is told once, until it is over. */
  failed?(error: Error, pauseMs: number): void
  /** Cloud Controller answers and shows none of these tasks, and this client cannot know whether they are gone. Once. */
  hidden?(count: number): void
  /** The tasks are shown without their commands. Once. */
  commandsHidden?(): void
}

export interface TaskTrailDeps {
  readonly clock: Clock
  readonly lookups: TaskLookups
  readonly scrubber: Scrubber
  /** Milliseconds for which nothing may be asked, so that polling is not starved by the rate limit. */
  readonly heldBackMs?: () => number
  readonly observer?: TaskTrailObserver
}

/** What a trail needs of the session that records what it tells. */
export interface TaskTrailSession {
  /** Records events of our own and changes what is kept, all of it or nothing. Resolves when it is durable. */
  tell(events: readonly OwnEvent[], kept: readonly NameRecord[]): Promise<unknown>
  /** Does the client see as much as it ever did? To be asked after what is not shown was not shown. */
  mayClose(signal: AbortSignal): Promise<boolean>
  /** Whether the client sees the tasks of every space. */
  seesEverything(): boolean
  /** What was seen before may be hidden since, for the operator has accepted that less is seen. In Cloud Controller's clock. */
  acceptedSec(): number
  /** In Cloud Controller's clock. */
  nowSec(): number
}

const stepMs = 5_000
/** A task that is not shown is looked for again before it is called lost; a new one longer, for a replica may lag. */
const againMs = { seen: 10_000, neverSeen: 60_000 }
/** In one step; between them what was found is told. */
const batchesMax = 20
/** A task of which something fails that is no fault of Cloud Foundry's holds up no other. */
const oddMs = 600_000
/** One that nobody can say anything of is let go when Cloud Controller would have pruned it. */
const hopelessSec = 32 * 86_400
/** How much earlier than it is due a task is looked at when a request is made anyway. */
const togetherMs = 5_000

/**
 * Follows the tasks of one foundation while one writer of its log is open: from the event that creates a task until Cloud Controller
 * shows that it ended, or does not show it any more.
 */
export class TaskTrail {
  readonly #options: TaskTrailOptions
  readonly #deps: TaskTrailDeps
  readonly #store: TaskStore
  readonly #commands: CommandAsker
  readonly #rest = new Rest()
  /** Spaces of which a task was shown: what is missing there is gone. */
  readonly #seenSpaces = new Set<string>()
  #isRefused = false
  #isHiddenTold = false

  constructor(options: TaskTrailOptions, deps: TaskTrailDeps) {
    this.#options = options
    this.#deps = deps
    this.#store = new TaskStore(options.followedMax)
    this.#commands = new CommandAsker(options, deps, this.#store)
  }

  get size(): number {
    return this.#store.size
  }

  /** What the log has kept under keys that begin with `keyPrefix`; before anything else. */
  restore(kept: Iterable<readonly [key: string, value: string]>): void {
    for (const [key, value] of kept) this.#store.restore(key, value, 0)
  }

  /** An event that is about to be published, with what `takeChanges` gives then. */
  met(event: AuditEvent): void {
    const mention = mentionOf(event)
    if (mention === null) return
    const nowMs = this.#deps.clock.monotonic()
    if (mention.what === 'canceled') {
      this.#store.change(mention.guid, { canceled: mention.canceled })
      this.#store.due(mention.guid, nowMs)
    } else if (!this.#store.follow(mention.task, nowMs)) this.#deps.observer?.notFollowed?.()
  }

  /** What is to be published with the next events. */
  takeChanges(): readonly NameRecord[] {
    return this.#store.takeChanges()
  }

  /** Until aborted. Rejects with what `tell` and `mayClose` reject with, and the signal's reason. */
  async run(session: TaskTrailSession, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.step(session, signal)
      await this.#deps.clock.sleep(stepMs, signal)
    }
  }

  /** Looks at what is due. */
  async step(session: TaskTrailSession, signal: AbortSignal): Promise<void> {
    const { clock, heldBackMs = () => 0, observer } = this.#deps
    const ofSession = new NotedFailures()
    const noted = noting(session, ofSession)
    this.#commands.begin()
    for (let batch = 0; batch < batchesMax; batch++) {
      // What has ended waits for its command: looking at more of them would ask for the same again.
      if (!this.#rest.isOver(clock.monotonic()) || heldBackMs() > 0 || this.#commands.isExhausted) break
      const due = this.#due()
      if (due.length === 0) break
      try {
        await this.#look(due, noted, signal)
        this.#rest.answered()
        this.#isRefused = false
        observer?.answered?.()
      } catch (error) {
        signal.throwIfAborted()
        if (ofSession.has(error) && !(error instanceof CloudFoundryError)) throw error
        this.#failed(asError(error))
      }
    }
    observer?.following?.(this.#store.size)
  }

  /** When one is due, those with it that soon would be. */
  #due(): readonly TrackedTask[] {
    const nowMs = this.#deps.clock.monotonic()
    if (this.#store.dueBy(nowMs, 1).length === 0) return []
    return this.#store.dueBy(nowMs + togetherMs, lookupGuidsMax)
  }

  async #look(due: readonly TrackedTask[], session: TaskTrailSession, signal: AbortSignal): Promise<void> {
    const guids = due.map(({ task }) => task.guid)
    const shown = new Map((await this.#deps.lookups.states(guids, signal)).map(task => [task.guid, task]))
    const [nowSec, nowMs] = [session.nowSec(), this.#deps.clock.monotonic()]
    const missing: string[] = []
    for (const { task } of due) {
      const found = shown.get(task.guid)
      // One that has ended, until it is told of.
      const delayMs = hasEnded(found?.state) ? 2 * stepMs : nextLookMs(nowSec - task.createdSec)
      this.#store.due(task.guid, nowMs + delayMs)
      if (found === undefined) missing.push(task.guid)
      else {
        if (task.spaceGuid !== null) this.#seenSpaces.add(task.spaceGuid)
        this.#store.seen(task.guid, found.state, nowSec)
        if (task.name === null && found.name !== null)
          this.#store.change(task.guid, { name: keptName(found.name, this.#deps.scrubber) })
      }
    }
    await this.#tellLost(missing, session, signal)
    await this.#tellCompleted([...shown.values()], session, signal)
  }

  async #tellCompleted(
    shown: readonly ShownTask[],
    session: TaskTrailSession,
    signal: AbortSignal,
  ): Promise<void> {
    const ended = shown.filter(({ state }) => hasEnded(state))
    const told = new Map<string, OwnEvent>()
    try {
      // Those that ended first: of the others there is time.
      for (const task of [...ended, ...shown.filter(({ state }) => !hasEnded(state))]) {
        const isComplete = await this.#commands.ask(task, signal)
        const { task: followed } = this.#store.get(task.guid) ?? {}
        if (followed === undefined || !isComplete || !hasEnded(task.state)) continue
        const missing = this.#commands.missing(followed)
        const event = this.#made(followed, () =>
          completedTask(followed, task, this.#options, missing, session.nowSec()),
        )
        if (event !== null) told.set(task.guid, event)
      }
    } finally {
      await this.#tell(told, session)
      for (const { guid, state } of ended) if (told.has(guid)) this.#deps.observer?.completed?.(state)
    }
  }

  async #tellLost(missing: readonly string[], session: TaskTrailSession, signal: AbortSignal): Promise<void> {
    if (missing.length === 0) return
    const [nowSec, nowMs] = [session.nowSec(), this.#deps.clock.monotonic()]
    const gone: TrackedTask[] = []
    for (const guid of missing) {
      this.#store.missed(guid, nowSec, nowMs)
      const tracked = this.#store.get(guid)
      if (tracked?.missing == null) continue
      const isDueMs = tracked.missing.sinceMs + (tracked.task.seen ? againMs.seen : againMs.neverSeen)
      if (nowMs < isDueMs) this.#store.due(guid, isDueMs)
      else gone.push(tracked)
    }
    if (gone.length === 0 || !(await session.mayClose(signal))) return
    const lost = gone.filter(tracked => this.#isSureOf(tracked, session))
    this.#letGo(
      gone.filter(tracked => !lost.includes(tracked)),
      nowSec,
    )
    const told = new Map<string, OwnEvent>()
    for (const { task, missing } of lost) {
      const sinceSec = missing?.sinceSec ?? nowSec
      const event = this.#made(task, () =>
        lostTask(task, this.#options, this.#commands.missing(task), sinceSec, nowSec),
      )
      if (event !== null) told.set(task.guid, event)
    }
    await this.#tell(told, session)
    for (const _ of told) this.#deps.observer?.lost?.()
  }

  /** Null when it could not be made: it is tried again later. */
  #made({ guid }: FollowedTask, make: () => OwnEvent): OwnEvent | null {
    try {
      return make()
    } catch (error) {
      this.#store.due(guid, this.#deps.clock.monotonic() + oddMs)
      this.#deps.observer?.failed?.(asError(error), oddMs)
      return null
    }
  }

  /** Cloud Controller answers alike for what is gone and what this client may not see. */
  #isSureOf({ task }: TrackedTask, session: TaskTrailSession): boolean {
    const wasShown = task.seen !== null && task.seen.atSec >= session.acceptedSec()
    return session.seesEverything() || wasShown || this.#seenSpaces.has(task.spaceGuid ?? '')
  }

  #letGo(hidden: readonly TrackedTask[], nowSec: number): void {
    if (hidden.length === 0) return
    if (!this.#isHiddenTold) this.#deps.observer?.hidden?.(hidden.length)
    this.#isHiddenTold = true
    for (const { task } of hidden) if (nowSec - task.createdSec > hopelessSec) this.#store.forget(task.guid)
  }

  /** In one transaction with forgetting them: a kill before it tells them later, one after it never again. */
  async #tell(told: ReadonlyMap<string, OwnEvent>, session: TaskTrailSession): Promise<void> {
    if (told.size === 0) return
    const guids = [...told.keys()]
    await session.tell(
      [...told.values()],
      guids.map(guid => ({ key: recordKey(guid), value: null })),
    )
    for (const guid of guids) this.#store.told(guid)
  }

  #failed(error: Error): void {
    const { clock, observer } = this.#deps
    const pauseMs = this.#rest.after(error, clock.monotonic())
    const wasRefused = this.#isRefused
    this.#isRefused = isRefusal(error)
    if (!(wasRefused && this.#isRefused)) observer?.failed?.(error, pauseMs)
  }
}

/**
 * What `tell` and `mayClose` reject with ends the session. Anything else is the affair of the trail alone, an answer that nobody
 * thought of included: it must not end the polling of events.
 */
function noting(session: TaskTrailSession, failures: NotedFailures): TaskTrailSession {
  return {
    ...session,
    tell: (events, kept) => failures.of(session.tell(events, kept)),
    mayClose: signal => failures.of(session.mayClose(signal)),
  }
}

function hasEnded(state: string | undefined): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED'
}

import { isDeepStrictEqual } from 'node:util'
import type { CloudController, Rights } from '@cf-audit-drain/cloud-foundry'
import type { NameRecord } from '@cf-audit-drain/log'
import type { Checkpoint } from './checkpoint.ts'
import type { PollerOptions } from './options.ts'
import type { Recorder } from './recorder.ts'
import { type NarrowedRights, RightsGuard, type RightsGuardDeps } from './rights-guard.ts'
import {
  isDigestOfAll,
  isPlacesKey,
  isSame,
  type SeenRights,
  storedRights,
  withPlaces,
} from './seen-rights.ts'
import type { ComparedWindow, PollerObserver } from './session.ts'

/** The client may not see everything, and the operator asked to be refused then. */
export class NotEverythingVisibleError extends Error {
  override readonly name = 'NotEverythingVisibleError'
}

type RightsWatchDeps = Pick<RightsGuardDeps, 'clock'> & {
  readonly controller: RightsGuardDeps['controller'] & Pick<CloudController, 'skewMs'>
  readonly observer: PollerObserver
}

/** The rights of one foundation's identity, from session to session: guarded, remembered in the checkpoint, and told. */
export class RightsWatch {
  readonly #options: Pick<PollerOptions, 'strict' | 'acceptRights'>
  readonly #deps: RightsWatchDeps
  #recorder: Recorder | null = null
  /** Under which keys the log keeps lists beside the checkpoint. */
  #kept = new Set<string>()
  /** Of these, the one that the checkpoint speaks of. */
  #current: string | null = null
  #guard: RightsGuard | null = null
  #rights: Rights | null = null
  #hasAccepted = false

  constructor(options: Pick<PollerOptions, 'strict' | 'acceptRights'>, deps: RightsWatchDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** As last looked at. */
  get rights(): Rights | null {
    return this.#rights
  }

  /** Not where only some is seen and Cloud Controller has no /v3/roles to ask for why. */
  get noticesLostRoles(): boolean {
    return this.#rights !== null && (this.#rights.sees === 'everything' || this.#rights.roles !== null)
  }

  get narrowed(): NarrowedRights | null {
    return this.#guard?.narrowed ?? null
  }

  /** For a session that goes on from this checkpoint, and what was kept beside it. @throws NotEverythingVisibleError */
  async open(
    stored: Checkpoint | null,
    kept: () => AsyncIterable<NameRecord>,
    signal: AbortSignal,
  ): Promise<RightsGuard> {
    const { controller, clock, observer } = this.#deps
    const { strict, acceptRights } = this.#options
    const onNarrowed = (narrowed: NarrowedRights) => observer.narrowed?.(narrowed)
    const remember = async () => {
      if (this.#recorder !== null) await this.record(this.#recorder)
    }
    const { rights = null, narrowed = null } = stored ?? {}
    const lists = rights !== null && isDigestOfAll(rights) ? await listsIn(kept()) : []
    this.#kept = new Set(lists.map(({ key }) => key))
    const { seen: before, key } = rights === null ? { seen: null, key: null } : withPlaces(rights, lists)
    this.#current = key
    const guard = new RightsGuard({ controller, clock, onNarrowed, remember }, { seen: before, narrowed })
    this.close()
    this.#guard = guard
    this.#recorder = null
    this.#rights = await guard.open(signal, acceptRights && !this.#hasAccepted)
    observer.rights?.(this.#rights)
    if (guard.narrowed === null) observer.narrowed?.(null)
    if (strict && this.#rights.sees !== 'everything')
      throw new NotEverythingVisibleError(this.#rights.sentence)
    return guard
  }

  /** At the beginning of a session, before anything is read. */
  async begin(recorder: Recorder): Promise<void> {
    await this.record(recorder)
    // Within a session there may be answers yet that were given to less.
    const seesAll = this.#rights?.sees === 'everything' && this.narrowed === null
    if (seesAll && recorder.checkpoint.acceptedSec !== undefined)
      await recorder.record([], ({ acceptedSec: _, ...now }) => now)
  }

  /** What windows are closed with from now on is written before the first of them. */
  async record(recorder: Recorder): Promise<void> {
    this.#recorder = recorder
    const seen = this.#guard?.seen ?? null
    if (seen !== null) await this.#store(seen, recorder)
    if (this.#hasAccepted || this.#guard?.isAccepting !== false) return
    this.#hasAccepted = true
    if (this.#options.acceptRights) this.#deps.observer.rightsAccepted?.()
  }

  async #store(seen: SeenRights, recorder: Recorder): Promise<void> {
    const { inCheckpoint, beside } = storedRights(seen)
    const isKept = beside === null || this.#kept.has(beside.key)
    const narrowed = this.#guard?.narrowedSince ?? null
    const { checkpoint } = recorder
    const isNarrowedKept = isDeepStrictEqual(narrowed, checkpoint.narrowed ?? null)
    if (isKept && isNarrowedKept && isSame(inCheckpoint, checkpoint.rights ?? null)) return
    const added = isKept ? [] : [beside]
    // The checkpoint's own stays until the change after this one: a kill may leave what is kept beside it, and not the new checkpoint.
    const needed = [this.#current, beside?.key]
    const dropped = [...this.#kept].filter(key => !needed.includes(key)).map(key => ({ key, value: null }))
    const { clock, controller } = this.#deps
    const isLess = this.#guard?.hasAcceptedLess === true && !this.#hasAccepted
    const acceptedSec = Math.ceil((clock.now() + (controller.skewMs ?? 0)) / 1000)
    const next = { rights: inCheckpoint, ...(isLess && { acceptedSec }), ...(narrowed && { narrowed }) }
    const change = ({ narrowed: _, ...now }: Checkpoint): Checkpoint => ({ ...now, ...next })
    await recorder.record([], change, null, [...added, ...dropped])
    for (const { key } of added) this.#kept.add(key)
    for (const { key } of dropped) this.#kept.delete(key)
    this.#current = beside?.key ?? null
  }

  /** To be repeated. @throws RightsRestoredError: the session is to end, and another to begin */
  async look(recorder: Recorder, signal: AbortSignal): Promise<void> {
    if (!this.#guard?.isDue) return
    const rights = await this.#guard.look(signal)
    if (rights.sentence !== this.#rights?.sentence) this.#deps.observer.rights?.(rights)
    this.#rights = rights
    await this.record(recorder)
  }

  /** Passes comparisons on; what a narrower token does not show is not gone. */
  sure(tell: (window: ComparedWindow) => void, signal: AbortSignal): (window: ComparedWindow) => void {
    const guard = this.#guard
    return window => {
      if (window.heldNotShown.length === 0 || guard === null) tell(window)
      else
        guard.mayClose(signal).then(
          isSure => isSure && tell(window),
          () => undefined,
        )
    }
  }

  close(): void {
    this.#guard?.close()
  }
}

async function listsIn(kept: AsyncIterable<NameRecord>): Promise<readonly NameRecord[]> {
  const lists: NameRecord[] = []
  for await (const record of kept) if (isPlacesKey(record.key)) lists.push(record)
  return lists
}

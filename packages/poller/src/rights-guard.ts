import {
  type CloudController,
  CloudFoundryError,
  identityText,
  type Rights,
  type RightsLook,
  seesWith,
} from '@cf-audit-drain/cloud-foundry'
import type { Clock } from '@cf-audit-drain/pipeline'
import type { NarrowedSince } from './checkpoint.ts'
import { isSame, lostRights, placeOf, type SeenRights, seenRights } from './seen-rights.ts'

/** The identity sees less than when windows were closed before. */
export interface NarrowedRights {
  /** When it was first met, by this process or one before it. */
  readonly since: string
  readonly sentence: string
}

/** The rights are back: the session begins anew, so that nothing that was read with less closes a window. */
export class RightsRestoredError extends Error {
  override readonly name = 'RightsRestoredError'
}

export interface RightsGuardDeps {
  readonly controller: Pick<CloudController, 'rights' | 'onScopes' | 'identity'>
  readonly clock: Clock
  readonly onNarrowed: (narrowed: NarrowedRights) => void
  /** Makes `seen` and `narrowedSince` durable, where they are not yet: the one before anything closes with it. */
  readonly remember: () => Promise<void>
}

/** What windows were closed with before, and what is known of its being narrowed since. */
export interface RightsBefore {
  /** Null when nothing was closed yet. */
  readonly seen: SeenRights | null
  readonly narrowed: NarrowedSince | null
}

/** After a failure roles are not asked for again before this. */
const rolesAgainMs = 30_000
/** UAA may issue a token while the rights of the one before it are looked at. */
const measuredMax = 3

/**
 * Says whether windows may be closed, and verified, now. Cloud Controller answers 200 with fewer rows to a narrower token, and
 * its counts are as narrow: everything would seem to agree.
 *
 * What scopes decide is exact: a token's scopes are in it, and each is looked at before its first use. What roles decide is asked
 * anew each time a window is to close, after its rows were read; while they cannot be read, nothing closes. Once shut, the guard
 * stays so until its session ends.
 */
export class RightsGuard {
  readonly #deps: RightsGuardDeps
  #before: SeenRights | null
  /** Until it is known whether it still is. */
  #narrowedBefore: NarrowedSince | null
  #narrowed: NarrowedRights | null = null
  #since: NarrowedSince | null = null
  #isNarrowedKept = false
  #rights: Rights | null = null
  /** It has no role that shows anything: that nothing is shown proves nothing. */
  #hasNoRole = false
  #isTokenNew = false
  /** Of the newest token since the guard was opened. */
  #issued: readonly string[] | null = null
  /** What is seen now is to be the measure, as soon as it is known. */
  #isAccepting = false
  #hasAcceptedLess = false
  /** When the roles could not be read: until then they are not asked for again. */
  #rolesUnknownUntilMs: number | null = null
  #stopListening: () => void = () => undefined

  /** `before`: of the checkpoint. */
  constructor(deps: RightsGuardDeps, before: RightsBefore) {
    this.#deps = deps
    this.#before = before.seen
    this.#narrowedBefore = before.narrowed
  }

  get narrowed(): NarrowedRights | null {
    return this.#narrowed
  }

  /** What it was to accept is not known yet. */
  get isAccepting(): boolean {
    return this.#isAccepting
  }

  /** What it accepted is less than windows were closed with before. */
  get hasAcceptedLess(): boolean {
    return this.#hasAcceptedLess
  }

  /** Where everything is seen only a new token can change that. */
  get isDue(): boolean {
    return this.#narrowed !== null || this.#isTokenNew || this.#before?.sees !== 'everything'
  }

  /** What belongs into the checkpoint. */
  get seen(): SeenRights | null {
    return this.#before
  }

  /** That does, too; null: nothing is narrowed. */
  get narrowedSince(): NarrowedSince | null {
    return this.#since ?? this.#narrowedBefore
  }

  /** Looks at the rights, and from now on at every token. `accept`: what it sees now is what it should see. */
  async open(signal: AbortSignal, accept: boolean): Promise<Rights> {
    this.#stopListening = this.#deps.controller.onScopes(scopes => this.#noteScopes(scopes))
    this.#isAccepting = accept
    const rights = await this.#measured(signal, {})
    this.#judge(rights)
    return rights
  }

  close(): void {
    this.#stopListening()
  }

  /**
   * Looks again; while narrowed with a new token, for the one in use keeps what it has.
   * @throws RightsRestoredError
   */
  async look(signal: AbortSignal): Promise<Rights> {
    const [wasNarrowed, before] = [this.#narrowed !== null, this.#before]
    this.#isTokenNew = false
    const rights = await this.#measured(signal, { fresh: wasNarrowed })
    if (wasNarrowed && rights.rolesFault === null && lostRights(this.#before, rights) === null)
      throw new RightsRestoredError('the rights are back')
    if (this.#before === before) this.#judge(rights)
    return rights
  }

  /** To be asked when the rows have been read on which it depends, right before it is recorded. */
  async mayClose(signal: AbortSignal): Promise<boolean> {
    const isUnknown = this.#rolesUnknownUntilMs !== null
    if (this.#narrowed === null && (isUnknown || this.#before?.sees === 'subset'))
      if (!(await this.#lookAtRoles(signal))) return false
    if (this.#narrowed !== null && !this.#isNarrowedKept) {
      await this.#deps.remember()
      this.#isNarrowedKept = true
    }
    const isKnown = this.#before !== null && this.#rolesUnknownUntilMs === null
    return this.#narrowed === null && isKnown && !this.#hasNoRole
  }

  /** False: what was answered is not to be judged by, for the measure has become another since it was asked for. */
  async #lookAtRoles(signal: AbortSignal): Promise<boolean> {
    const { clock, remember } = this.#deps
    if (clock.monotonic() < (this.#rolesUnknownUntilMs ?? 0)) return false
    const before = this.#before
    try {
      const rights = await this.#measured(signal, { isPermitted: true })
      if (this.#before !== before) return false
      this.#judge(rights)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof CloudFoundryError)) throw error
      this.#rolesUnknownUntilMs = clock.monotonic() + rolesAgainMs
    }
    if (this.#narrowed === null) await remember()
    return true
  }

  /** With the scopes of the newest token. */
  async #measured(signal: AbortSignal, look: RightsLook): Promise<Rights> {
    let rights = await this.#deps.controller.rights(signal, look)
    for (let times = 1; times < measuredMax && !this.#isOfNewest(rights); times++)
      rights = await this.#deps.controller.rights(signal, { ...look, fresh: false })
    return rights
  }

  #isOfNewest({ scopes }: Rights): boolean {
    return this.#issued === null || [...new Set(this.#issued)].sort().join(' ') === scopes.join(' ')
  }

  #noteScopes(scopes: readonly string[]): void {
    this.#isTokenNew = true
    this.#issued = scopes
    this.#compareScopes()
  }

  #compareScopes(): void {
    if (this.#issued === null || this.#isAccepting) return
    if (this.#before?.sees !== 'everything' || seesWith(this.#issued) === 'everything') return
    const list = this.#issued.length > 0 ? this.#issued.join(', ') : 'no scope at all'
    this.#shut(`it saw everything, and its new token has only ${list}`)
  }

  #judge(rights: Rights): void {
    const isUnknown = rights.rolesFault !== null
    this.#hasNoRole = rights.roles?.length === 0
    this.#rolesUnknownUntilMs = isUnknown ? this.#deps.clock.monotonic() + rolesAgainMs : null
    if (isUnknown && (this.#isAccepting || this.#before?.sees !== 'everything')) return
    const measure = seenRights(rights)
    // Nothing at all is no measure: what is seen next would be more than it, and not less than before.
    if (this.#isAccepting && measure !== null) {
      this.#hasAcceptedLess ||= lostRights(this.#before, rights) !== null
      this.#before = measure
      this.#isAccepting = false
    }
    const lost = lostRights(this.#before, rights)
    if (lost !== null) {
      const roles = this.#lostRoles(rights)
      this.#shut(`${lost}${namesOf(roles)}; ${rights.sentence}`, roles)
      return
    }
    this.#rights = rights
    this.#narrowedBefore = null
    if (measure !== null && !isSame(measure, this.#before)) this.#before = measure
    this.#compareScopes()
  }

  /** Where this process has seen them itself, or the one before it had; the first of them. */
  #lostRoles({ roles }: Rights): readonly string[] {
    const left = new Set(roles?.map(placeOf))
    const known = this.#rights?.roles ?? this.#narrowedBefore?.lost ?? []
    return known.filter(role => !left.has(placeOf(role))).slice(0, namedMax + 1)
  }

  #shut(lost: string, roles: readonly string[] = []): void {
    if (this.#narrowed !== null) return
    const { clock, controller, onNarrowed } = this.#deps
    this.#since = { sinceMs: this.#narrowedBefore?.sinceMs ?? clock.now(), lost: roles }
    this.#narrowed = {
      since: new Date(this.#since.sinceMs).toISOString(),
      sentence: `${identityText(controller.identity)} sees less than before: ${lost}. No window is closed or verified until it sees as much again; if this is meant to be, start once with --accept-rights`,
    }
    onNarrowed(this.#narrowed)
  }
}

/** Of lost roles. */
const namedMax = 5

function namesOf(roles: readonly string[]): string {
  if (roles.length === 0) return ''
  return ` (${roles.slice(0, namedMax).join(', ')}${roles.length > namedMax ? ', …' : ''})`
}

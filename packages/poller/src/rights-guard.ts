import { type CloudController, identityText, type Rights, seesWith } from '@cf-audit-drain/cloud-foundry'
import type { Clock } from '@cf-audit-drain/pipeline'
import { isSame, lostRights, type SeenRights, seenRights } from './seen-rights.ts'

/** The identity sees less than when windows were closed before. */
export interface NarrowedRights {
  /** When this process first met it. */
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
}

/**
 * Says whether windows may be closed, and verified, now. Cloud Controller answers 200 with fewer rows to a narrower token, and
 * its counts are as narrow: everything would seem to agree.
 *
 * What scopes decide is exact: a token's scopes are in it, and each is looked at before its first use. What roles decide is asked
 * anew each time a window is to close, after its rows were read. Once shut, the guard stays so until its session ends.
 */
export class RightsGuard {
  readonly #deps: RightsGuardDeps
  #before: SeenRights | null
  #narrowed: NarrowedRights | null = null
  #rights: Rights | null = null
  #isTokenNew = false
  #stopListening: () => void = () => undefined

  /** `before`: of the checkpoint; null when nothing was closed yet. */
  constructor(deps: RightsGuardDeps, before: SeenRights | null) {
    this.#deps = deps
    this.#before = before
  }

  get narrowed(): NarrowedRights | null {
    return this.#narrowed
  }

  /** Where everything is seen only a new token can change that. */
  get isDue(): boolean {
    return this.#narrowed !== null || this.#isTokenNew || this.#before?.sees !== 'everything'
  }

  /** What belongs into the checkpoint. */
  get seen(): SeenRights | null {
    return this.#before
  }

  /** Looks at the rights, and from now on at every token. `accept`: what it sees now is what it should see. */
  async open(signal: AbortSignal, accept: boolean): Promise<Rights> {
    this.#stopListening = this.#deps.controller.onScopes(scopes => this.#noteScopes(scopes))
    const rights = await this.#deps.controller.rights(signal)
    this.#isTokenNew = false
    if (accept) this.#before = seenRights(rights)
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
    const wasNarrowed = this.#narrowed !== null
    this.#isTokenNew = false
    const rights = await this.#deps.controller.rights(signal, { fresh: wasNarrowed })
    if (wasNarrowed && lostRights(this.#before, rights) === null)
      throw new RightsRestoredError('the rights are back')
    this.#judge(rights)
    return rights
  }

  /** To be asked when the rows have been read on which it depends, right before it is recorded. */
  async mayClose(signal: AbortSignal): Promise<boolean> {
    if (this.#narrowed === null && this.#before?.sees === 'subset') await this.#lookAtRoles(signal)
    return this.#narrowed === null && this.#before !== null
  }

  async #lookAtRoles(signal: AbortSignal): Promise<void> {
    this.#judge(await this.#deps.controller.rights(signal, { isPermitted: true }))
  }

  #noteScopes(scopes: readonly string[]): void {
    this.#isTokenNew = true
    if (this.#before?.sees !== 'everything' || seesWith(scopes) === 'everything') return
    const list = scopes.length > 0 ? scopes.join(', ') : 'no scope at all'
    this.#shut(`it saw everything, and its new token has only ${list}`)
  }

  #judge(rights: Rights): void {
    const lost = lostRights(this.#before, rights)
    if (lost !== null) {
      this.#shut(`${lost}${this.#namesOfLost(rights)}; ${rights.sentence}`)
      return
    }
    this.#rights = rights
    const seen = seenRights(rights)
    if (seen !== null && !isSame(seen, this.#before)) this.#before = seen
  }

  /** Where this process has seen them itself. */
  #namesOfLost({ roles }: Rights): string {
    const gone = (this.#rights?.roles ?? []).filter(role => !roles?.includes(role))
    if (gone.length === 0) return ''
    return ` (${gone.slice(0, 5).join(', ')}${gone.length > 5 ? ', …' : ''})`
  }

  #shut(lost: string): void {
    if (this.#narrowed !== null) return
    const { clock, controller, onNarrowed } = this.#deps
    this.#narrowed = {
      since: new Date(clock.now()).toISOString(),
      sentence: `${identityText(controller.identity)} sees less than before: ${lost}. No window is closed or verified until it sees as much again; if this is meant to be, start once with --accept-rights`,
    }
    onNarrowed(this.#narrowed)
  }
}

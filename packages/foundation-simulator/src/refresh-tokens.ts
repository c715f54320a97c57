import type { Random } from '@cf-audit-drain/pipeline'
import { randomGuid } from './random-guid.ts'

interface Held {
  readonly userGuid: string
  readonly clientId: string
}

/** Opaque refresh tokens. `rotate`: each use gives another and ends the one that was used. */
export class RefreshTokens {
  readonly #held = new Map<string, Held>()
  readonly #random: Random
  readonly #rotate: boolean

  constructor(random: Random, rotate: boolean) {
    this.#random = random
    this.#rotate = rotate
  }

  issue(userGuid: string, clientId: string): string {
    const token = `${randomGuid(this.#random).replaceAll('-', '')}-r`
    this.#held.set(token, { userGuid, clientId })
    return token
  }

  /** Null: unknown, used up, or another client's. */
  exchange(token: string, clientId: string): { readonly userGuid: string; readonly token: string } | null {
    const held = this.#held.get(token)
    if (held === undefined || held.clientId !== clientId) return null
    if (!this.#rotate) return { userGuid: held.userGuid, token }
    this.#held.delete(token)
    return { userGuid: held.userGuid, token: this.issue(held.userGuid, clientId) }
  }

  revokeAll(): void {
    this.#held.clear()
  }
}

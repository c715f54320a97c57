import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Random } from '@cf-audit-drain/pipeline'
import { randomGuid } from './random-guid.ts'

/** What a token is to say. */
export interface TokenClaims {
  readonly clientId: string
  /** A user's token; without it the client speaks for itself. */
  readonly userGuid?: string
  readonly userName?: string
  readonly scopes: readonly string[]
  /** Default `['cloud_controller', clientId]`. */
  readonly audience?: readonly string[]
  /** Default the issuer's; negative: expired already. */
  readonly expiresInSec?: number
}

export interface IssuedToken {
  readonly accessToken: string
  readonly jti: string
  readonly expiresInSec: number
}

/** Who a valid token speaks for. */
export interface Identity {
  /** `user_id`, else `client_id`: what Cloud Controller takes as the user's guid. */
  readonly userGuid: string
  readonly scopes: ReadonlySet<string>
}

interface Payload {
  readonly aud: readonly string[]
  readonly client_id: string
  readonly user_id?: string
  readonly scope: readonly string[]
  readonly exp: number
  readonly iat: number
}

interface Known {
  readonly identity: Identity
  readonly payload: Payload
  readonly generation: number
}

/** Makes and checks JWTs, signed (HS256) with a key of this instance's own. */
export class TokenIssuer {
  readonly #key = randomBytes(32)
  readonly #known = new Map<string, Known>()
  readonly #random: Random
  readonly #nowMs: () => number
  readonly #lifetimeSec: number
  readonly #url: string
  #generation = 0

  constructor(random: Random, nowMs: () => number, lifetimeSec: number, url: string) {
    this.#random = random
    this.#nowMs = nowMs
    this.#lifetimeSec = lifetimeSec
    this.#url = url
  }

  issue(claims: TokenClaims): IssuedToken {
    const iat = Math.floor(this.#nowMs() / 1000)
    const expiresInSec = claims.expiresInSec ?? this.#lifetimeSec
    const jti = randomGuid(this.#random).replaceAll('-', '')
    const payload = {
      jti,
      sub: claims.userGuid ?? claims.clientId,
      authorities: claims.scopes,
      scope: claims.scopes,
      client_id: claims.clientId,
      cid: claims.clientId,
      azp: claims.clientId,
      grant_type: claims.userGuid === undefined ? 'client_credentials' : 'password',
      ...(claims.userGuid === undefined ? {} : { user_id: claims.userGuid, origin: 'uaa' }),
      ...(claims.userName === undefined ? {} : { user_name: claims.userName }),
      iat,
      exp: iat + expiresInSec,
      iss: `${this.#url}/oauth/token`,
      zid: 'uaa',
      aud: claims.audience ?? ['cloud_controller', claims.clientId],
    }
    const unsigned = `${segment({ alg: 'HS256', jku: `${this.#url}/token_keys`, kid: 'key-1', typ: 'JWT' })}.${segment(payload)}`
    const accessToken = `${unsigned}.${this.#signature(unsigned)}`
    const identity = { userGuid: claims.userGuid ?? claims.clientId, scopes: new Set(claims.scopes) }
    this.#known.set(accessToken, { identity, payload, generation: this.#generation })
    return { accessToken, jti, expiresInSec }
  }

  /** null: expired, revoked, for another audience, forged, or no token at all. */
  identityOf(accessToken: string): Identity | null {
    const known = this.#known.get(accessToken)
    if (known === undefined || !this.#isSigned(accessToken)) return null
    const { payload, generation, identity } = known
    const inTime = payload.exp > this.#nowMs() / 1000
    const forUs = payload.aud.includes('cloud_controller')
    return inTime && forUs && generation === this.#generation ? identity : null
  }

  /** As if UAA had changed its key: every token issued until now is refused from now on. */
  revokeAll(): void {
    this.#generation++
  }

  #isSigned(accessToken: string): boolean {
    const dot = accessToken.lastIndexOf('.')
    const given = Buffer.from(accessToken.slice(dot + 1))
    const right = Buffer.from(this.#signature(accessToken.slice(0, dot)))
    return given.length === right.length && timingSafeEqual(given, right)
  }

  #signature(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url')
  }
}

function segment(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

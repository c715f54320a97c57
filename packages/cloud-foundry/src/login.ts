import type { Clock } from '@cf-audit-drain/pipeline'
import { CredentialsError } from './errors.ts'
import type { Identity } from './identity.ts'
import type { FoundationOptions, SecretSource } from './options.ts'
import { parsedObject } from './parsed-object.ts'
import type { Redaction } from './redaction.ts'
import { type IssuedToken, mayBeOfUser } from './token-answer.ts'

/** A token request of RFC 6749. */
export interface TokenRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** UAA locks an account for a while after five wrong passwords within an hour: four an hour are safe. */
const refusedPasswordMs = 15 * 60_000

/** RFC 6750, section 2.1: b64token. */
const tokenForm = /^[\w.~+/-]+=*$/

/**
 * How the tokens of one foundation are asked for: client credentials (§4.4), user and password (§4.3) or a refresh token (§6). Every
 * secret is read anew before each request. A refresh token that UAA gives, for a password or in exchange for another, is kept in
 * memory and used from then on, until it is refused or its source says something else; nothing is ever written.
 */
export class Login {
  readonly #options: FoundationOptions
  readonly #clock: Clock
  readonly #redaction: Redaction
  #userName: string | null = null
  /** As the source had it when `#given` came of it: a refresh token or a password. */
  #configured: string | null = null
  /** The refresh token that UAA gave last. */
  #given: string | null = null
  /** Of the last request; null when it was without one. */
  #sentPassword: string | null = null
  #sentRefreshToken: string | null = null
  #isExchanged = false
  #sentSecret = ''
  #refusedPassword: { readonly password: string; readonly secret: string; readonly untilMs: number } | null =
    null
  /** The secrets of the last request, in the order of `#sources`; null for one that could not be read. */
  #asked: (string | null)[] = []
  /** Those of a request that brought no token, if that was the last one. */
  #failed: readonly (string | null)[] | null = null

  constructor(options: FoundationOptions, clock: Clock, redaction: Redaction) {
    this.#options = options
    this.#clock = clock
    this.#redaction = redaction
  }

  get identity(): Identity {
    const { clientId, login } = this.#options
    if (login === undefined) return { kind: 'client', name: clientId, clientId, grant: 'client-credentials' }
    const name = login.kind === 'password' ? login.username : this.#userName
    return { kind: 'user', name, clientId, grant: login.kind }
  }

  /** UAA gave another refresh token in exchange for one: that one may be good no more. */
  get isExchanged(): boolean {
    return this.#isExchanged
  }

  /** @throws CredentialsError: a secret cannot be read, or it is a password that UAA has only just refused */
  async request(): Promise<TokenRequest> {
    const { clientId, clientSecret, login } = this.#options
    this.#asked = []
    const secret = await this.#read(clientSecret, `the secret of client "${clientId}"`)
    this.#sentSecret = secret
    const grant = await this.#grant()
    this.#sentRefreshToken = grant['refresh_token'] ?? null
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
    // In the form, as §2.3.1 allows: what a secret with ':' or '%' in it survives, whichever way UAA decodes a Basic header. An
    // empty one (cf) goes as the cf CLI sends it: a form without a secret is taken for one of a public client.
    if (secret === '' && login !== undefined) {
      const basic = `Basic ${Buffer.from(`${clientId}:`).toString('base64')}`
      return { headers: { ...headers, authorization: basic }, body: new URLSearchParams(grant).toString() }
    }
    const form = { ...grant, client_id: clientId, client_secret: secret }
    return { headers, body: new URLSearchParams(form).toString() }
  }

  issued({ refreshToken, userName }: IssuedToken): void {
    this.#userName = userName
    this.#refusedPassword = null
    this.#failed = null
    if (this.#options.login === undefined || refreshToken === null) return
    this.#redaction.add(refreshToken)
    const { kind } = this.#options.login
    this.#isExchanged ||= kind === 'refresh-token' && refreshToken !== this.#sentRefreshToken
    if (refreshToken !== this.#configured) this.#given = refreshToken
  }

  /** `error`: as UAA said. True: there is another way to ask, which is worth trying at once. */
  refused(error: string | null): boolean {
    if (this.#options.login !== undefined && !mayBeOfUser(error)) return false
    const password = this.#sentPassword
    if (password !== null) {
      const untilMs = this.#clock.monotonic() + refusedPasswordMs
      this.#refusedPassword = { password, secret: this.#sentSecret, untilMs }
    }
    const had = this.#given !== null
    this.#given = null
    return had
  }

  /** The secrets of the last request are no good, or could not be read. */
  failed(): void {
    this.#failed = this.#asked
  }

  /** Whether the sources have other secrets than those that were no good, or a token has come since. */
  async isChanged(): Promise<boolean> {
    if (this.#failed === null) return true
    const now = await Promise.all(this.#sources.map(readable))
    return this.#failed.some((secret, at) => secret !== now[at])
  }

  get #sources(): readonly SecretSource[] {
    const { clientSecret, login } = this.#options
    if (login === undefined) return [clientSecret]
    return [clientSecret, login.kind === 'password' ? login.password : login.refreshToken]
  }

  async #grant(): Promise<Record<string, string>> {
    const { login } = this.#options
    if (login === undefined) return { grant_type: 'client_credentials', response_type: 'token' }
    if (login.kind === 'password') {
      const password = await this.#read(login.password, `the password of user "${login.username}"`)
      const given = this.#givenFor(password)
      this.#sentPassword = given === null ? password : null
      if (given !== null) return { grant_type: 'refresh_token', refresh_token: given }
      this.#holdBack(password, login.username)
      return { grant_type: 'password', username: login.username, password }
    }
    const configured = await this.#refreshToken(login.refreshToken)
    return { grant_type: 'refresh_token', refresh_token: this.#givenFor(configured) ?? configured }
  }

  #holdBack(password: string, username: string): void {
    const refused = this.#refusedPassword
    if (refused?.password !== password || refused.secret !== this.#sentSecret) return
    if (this.#clock.monotonic() >= refused.untilMs) return
    const leftMin = Math.ceil((refused.untilMs - this.#clock.monotonic()) / 60_000)
    throw this.#fault(
      `UAA has refused the password of user "${username}", and locks an account after five wrong ones: it is tried again in ${leftMin} min, or once it has changed, or the secret of the client`,
    )
  }

  async #refreshToken(source: SecretSource): Promise<string> {
    const what = `the refresh token of client "${this.#options.clientId}"`
    const text = (await this.#read(source, what)).trim()
    const configured = text.startsWith('{') ? parsedObject(text)?.['RefreshToken'] : text
    if (typeof configured !== 'string' || configured === '')
      throw this.#fault(
        `${what} is not there: give it itself, or the config.json that \`cf login\` has written (\`RefreshToken\` in it)`,
      )
    // A wrong file is sent to nobody.
    if (!tokenForm.test(configured))
      throw this.#fault(
        `${what} is no token: what \`refreshToken\` gives, or the file that \`refreshTokenFile\` (CF_REFRESH_TOKEN_FILE) names, holds something else`,
      )
    this.#redaction.add(configured)
    return configured
  }

  /** What UAA gave for it; where somebody has configured another since, that is the younger one. */
  #givenFor(configured: string): string | null {
    if (configured !== this.#configured) this.#given = null
    this.#configured = configured
    if (this.#given !== null) this.#redaction.add(this.#given)
    return this.#given
  }

  async #read(source: SecretSource, what: string): Promise<string> {
    try {
      const secret = typeof source === 'string' ? source : await source()
      this.#redaction.add(secret)
      this.#asked.push(secret)
      return secret
    } catch (error) {
      this.#asked.push(null)
      const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
      throw this.#fault(`${what} cannot be read${code}`)
    }
  }

  #fault(sentence: string): CredentialsError {
    return new CredentialsError(sentence, { foundation: this.#options.name, end: 'UAA' })
  }
}

/** Null where it cannot be read. */
async function readable(source: SecretSource): Promise<string | null> {
  try {
    return typeof source === 'string' ? source : await source()
  } catch {
    return null
  }
}

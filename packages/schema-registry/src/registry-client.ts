import {
  type Answer,
  Connections,
  exchange,
  parsedObject,
  Redaction,
  Trust,
} from '@cf-audit-drain/cloud-foundry'
import type { Clock } from '@cf-audit-drain/pipeline'
import { answerFault, isNotThere, notARegistry, transportFault } from './answer-fault.ts'
import { RegistryError } from './registry-error.ts'

export interface RegistryOptions {
  /** The root of the API, https://, or http:// on this machine; without a user or password. */
  readonly url: string
  /** Functions are called before each request, so that rotated files are followed. */
  readonly login:
    | null
    | { readonly username: string; readonly password: () => string }
    | { readonly token: () => string }
  /** PEM file of CAs trusted besides Node's own roots; read again when it changes. */
  readonly caFile: string | null
  /** Of one request. Default 5 s. */
  readonly requestTimeoutMs?: number
  /** The first included; only what may pass by itself is tried again. Default 3. */
  readonly tries?: number
}

export interface RegistryDeps {
  readonly clock: Clock
  /** One sentence, no secrets. */
  readonly onWarning: (sentence: string) => void
  /** Where HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read; default process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface Compatibility {
  readonly isCompatible: boolean
  /** In the registry's own words; may be empty. */
  readonly reasons: readonly string[]
}

const retryMs = 300
const schemaBytesMax = 4 * 1024 * 1024
const contentType = 'application/vnd.schemaregistry.v1+json'

/** The calls of a schema registry as Confluent's API has them that we need. Every one may throw RegistryError. */
export class RegistryClient {
  /** Without a slash at the end. */
  readonly url: string
  readonly #options: RegistryOptions
  readonly #clock: Clock
  readonly #base: URL
  readonly #connections: Connections
  readonly #redaction = new Redaction()
  readonly #where: string
  readonly #timeoutMs: number

  constructor(options: RegistryOptions, { clock, onWarning, env }: RegistryDeps) {
    this.#options = options
    this.#clock = clock
    this.#base = new URL(options.url)
    this.url = this.#base.href.replace(/\/+$/, '')
    this.#where = `schema registry at ${this.#base.origin}`
    this.#timeoutMs = options.requestTimeoutMs ?? 5_000
    this.#connections = new Connections({
      trust: options.caFile === null ? null : new Trust(options.caFile, onWarning),
      connectionsMax: 1,
      connectTimeoutMs: this.#timeoutMs,
      env: env ?? process.env,
    })
  }

  /** The id of this very schema under the subject; null when it is not registered there. Registers nothing. */
  async idOf(subject: string, schema: string, signal: AbortSignal): Promise<number | null> {
    const answer = await this.#ask('POST', `/subjects/${encoded(subject)}`, { schema }, signal)
    return answer === null ? null : this.#idIn(answer)
  }

  /** Registers the schema under the subject, unless it is there. */
  async register(subject: string, schema: string, signal: AbortSignal): Promise<number> {
    const path = `/subjects/${encoded(subject)}/versions`
    return this.#idIn(this.#there(await this.#ask('POST', path, { schema }, signal), path))
  }

  /** The versions of a subject; none when it is not there. */
  async versions(subject: string, signal: AbortSignal): Promise<readonly number[]> {
    const answer = await this.#ask('GET', `/subjects/${encoded(subject)}/versions`, null, signal)
    if (answer === null) return []
    const versions = parsed(answer)
    if (Array.isArray(versions) && versions.every(Number.isSafeInteger)) return versions as number[]
    throw this.#odd(answer)
  }

  /** The text of a version; null when it is not there. */
  async schemaOf(subject: string, version: number, signal: AbortSignal): Promise<string | null> {
    const answer = await this.#ask('GET', `/subjects/${encoded(subject)}/versions/${version}`, null, signal)
    return answer === null ? null : this.#textIn(answer, 'schema')
  }

  /** What a consumer is given for an id; null when there is nothing. */
  async schemaById(id: number, signal: AbortSignal): Promise<string | null> {
    const answer = await this.#ask('GET', `/schemas/ids/${id}`, null, signal)
    return answer === null ? null : this.#textIn(answer, 'schema')
  }

  /** What the registry says of the schema beside those of the subject, by the level of the subject. */
  async compatibility(subject: string, schema: string, signal: AbortSignal): Promise<Compatibility> {
    const path = `/compatibility/subjects/${encoded(subject)}/versions?verbose=true`
    const answer = await this.#ask('POST', path, { schema }, signal)
    // Beside a subject that is not there anything is compatible.
    if (answer === null) return { isCompatible: true, reasons: [] }
    const body = parsedObject(answer.text)
    const isCompatible = body?.['is_compatible']
    if (typeof isCompatible !== 'boolean') throw this.#odd(answer)
    const told = [body?.['messages'], body?.['reason']].flat().filter(one => typeof one === 'string')
    return { isCompatible, reasons: told.map(one => this.#redaction.line(one)) }
  }

  /** The compatibility level that the subject has of its own; null for that of the registry. */
  async level(subject: string, signal: AbortSignal): Promise<string | null> {
    const answer = await this.#ask('GET', `/config/${encoded(subject)}`, null, signal)
    return answer === null ? null : this.#textIn(answer, 'compatibilityLevel')
  }

  async setLevel(subject: string, compatibility: string, signal: AbortSignal): Promise<void> {
    const path = `/config/${encoded(subject)}`
    this.#there(await this.#ask('PUT', path, { compatibility }, signal), path)
  }

  async close(): Promise<void> {
    await this.#connections.close()
  }

  /** A whole answer with 200; null when the registry says that this is not there. */
  async #ask(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<Answer | null> {
    const { tries = 3 } = this.#options
    for (let attempt = 1; ; attempt++)
      try {
        return await this.#once(method, path, body, signal)
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof RegistryError) || !error.retryable || attempt >= tries) throw error
        await this.#clock.sleep(retryMs * attempt, signal)
      }
  }

  async #once(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<Answer | null> {
    const call = {
      end: 'schema registry',
      method,
      base: this.#base,
      path,
      headers: {
        accept: `${contentType}, application/json`,
        ...(body === null ? {} : { 'content-type': contentType }),
        ...this.#authorization(),
      },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
      requestId: '',
    } as const
    const limits = {
      requestTimeoutMs: this.#timeoutMs,
      standstillMs: this.#timeoutMs,
      bodyBytesMax: schemaBytesMax,
    }
    const deps = {
      foundation: null,
      connections: this.#connections,
      clock: this.#clock,
      limits,
      caFile: this.#options.caFile ?? undefined,
    }
    const answer = await exchange(call, deps, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      throw transportFault(error, this.#where, this.#timeoutMs)
    })
    if (answer.status === 200) return answer
    if (isNotThere(answer)) return null
    const { login } = this.#options
    throw answerFault(answer, {
      where: this.#where,
      login: login === null ? 'none' : 'token' in login ? 'token' : 'password',
      redaction: this.#redaction,
    })
  }

  #authorization(): Readonly<Record<string, string>> {
    const { login } = this.#options
    if (login === null) return {}
    if ('token' in login) {
      const token = secretFrom(login.token, this.#where)
      this.#redaction.add(token)
      return { authorization: `Bearer ${token}` }
    }
    const password = secretFrom(login.password, this.#where)
    const basic = Buffer.from(`${login.username}:${password}`).toString('base64')
    this.#redaction.add(password)
    this.#redaction.add(basic)
    return { authorization: `Basic ${basic}` }
  }

  #there(answer: Answer | null, path: string): Answer {
    if (answer !== null) return answer
    throw notARegistry(this.#where, `it knows no ${path.split('/')[1]} to write to (404)`)
  }

  #idIn(answer: Answer): number {
    const id = parsedObject(answer.text)?.['id']
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= 0x7fff_ffff) return id
    throw this.#odd(answer)
  }

  #textIn(answer: Answer, key: string): string {
    const text = parsedObject(answer.text)?.[key]
    if (typeof text === 'string') return text
    throw this.#odd(answer)
  }

  #odd({ headers }: Answer): RegistryError {
    const type = headers.get('content-type')?.split(';')[0]?.slice(0, 60) ?? 'no content type'
    return notARegistry(this.#where, `its answer (200, ${type}) does not say what was asked`)
  }
}

const encoded = (subject: string) => encodeURIComponent(subject)

function parsed({ text }: Answer): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** A file that cannot be read just now must not end what can go on without a registry. */
function secretFrom(read: () => string, where: string): string {
  try {
    return read()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new RegistryError(
      'refused',
      `${where} cannot be asked: the file with the secret of log.kafka.schemaRegistry cannot be read (${code})`,
    )
  }
}

/**
 * The net under the rule that nobody logs a secret or an event's `data`: what a logged object holds under such a key
 * is replaced, at any depth. It works on keys, so it cannot catch a secret under an innocent name.
 */
const secretKey =
  /secret|passw(or)?d|passphrase|token|authorization|cookie|credential|api[-_]?key|private[-_]?key|^key$|^pwd$/i
const contentKey = /^(data|raw|body|bytes|payload)$/i
const deepest = 6

export const redacted = '[secret]'
export const notLogged = '[not logged]'

export function redactFields(fields: Readonly<Record<string, unknown>>, depth = 0): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(fields)) {
    if (secretKey.test(key) && !isHarmless(value)) result[key] = redacted
    else if (contentKey.test(key) && !isHarmless(value)) result[key] = notLogged
    else result[key] = redactValue(value, depth)
  }
  return result
}

/** A count or a yes says nothing secret: `tokens: 3`, `hasToken: true`. */
function isHarmless(value: unknown): boolean {
  return value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean'
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return describeError(value)
  if (ArrayBuffer.isView(value)) return notLogged
  if (depth >= deepest) return '[deeper]'
  if (Array.isArray(value)) return value.slice(0, 100).map(item => redactValue(item, depth + 1))
  if ('toJSON' in value && typeof value.toJSON === 'function') return value.toJSON()
  return redactFields(value as Record<string, unknown>, depth + 1)
}

/** Credentials that stand in running text: `Bearer …`, `scheme://user:password@`, `client_secret=…`. */
export function redactText(text: string): string {
  return text
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${redacted}`)
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${redacted}@`)
    .replace(/\b((?:client_)?secret|password|access_token|refresh_token)=[^\s&"']+/gi, `$1=${redacted}`)
}

export interface ErrorDescription {
  readonly name: string
  readonly message: string
  readonly code?: string | number
  readonly stack?: string
  readonly cause?: ErrorDescription
  readonly errors?: readonly ErrorDescription[]
}

/**
 * Of an error only what errors have in common. Whatever else hangs on it (a response, its body, a request with its
 * headers) stays out.
 */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { name: typeof error, message: redactText(String(error)) }
  const code =
    'code' in error && (typeof error.code === 'string' || typeof error.code === 'number')
      ? error.code
      : undefined
  const inner = depth < 4
  return {
    name: error.name,
    message: redactText(error.message),
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(inner && error.cause !== undefined ? { cause: describeError(error.cause, depth + 1) } : {}),
    ...(inner && error instanceof AggregateError
      ? { errors: error.errors.slice(0, 10).map(each => describeError(each, depth + 1)) }
      : {}),
  }
}

import { railsJson } from './rails-json.ts'

/** One HTTP answer before it is sent. `body` is sent piece after piece, so a page is never copied together. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: readonly Uint8Array[]
}

/** What Rails puts on every v3 answer. */
const railsHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  Vary: 'Accept',
  'X-Content-Type-Options': 'nosniff',
  'X-Download-Options': 'noopen',
  'X-Frame-Options': 'SAMEORIGIN',
  'X-Permitted-Cross-Domain-Policies': 'none',
  'X-XSS-Protection': '1; mode=block',
} as const

/** The older half of Cloud Controller (`/`, `/v2/info`) answers with fewer headers. */
const sinatraHeaders = {
  'Content-Type': 'application/json;charset=utf-8',
  'X-Content-Type-Options': 'nosniff',
} as const

export function v3Answer(status: number, body: readonly Uint8Array[]): Answer {
  return { status, headers: railsHeaders, body }
}

export function v3JsonAnswer(status: number, value: unknown): Answer {
  return v3Answer(status, [Buffer.from(railsJson(value))])
}

export function sinatraAnswer(status: number, value: unknown): Answer {
  return { status, headers: sinatraHeaders, body: [Buffer.from(JSON.stringify(value))] }
}

export function textAnswer(status: number, contentType: string, text: string): Answer {
  return { status, headers: { 'Content-Type': contentType }, body: [Buffer.from(text)] }
}

export function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

export function bodyLength(answer: Answer): number {
  return answer.body.reduce((sum, piece) => sum + piece.length, 0)
}

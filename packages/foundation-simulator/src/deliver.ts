import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Clock, Random } from '@cf-audit-drain/pipeline'
import { type Answer, bodyLength } from './answer.ts'
import type { FaultRule } from './faults.ts'

export interface Delivering {
  readonly clock: Clock
  readonly random: Random
  /** The `Date` header's time. */
  readonly dateMs: number
}

/** Sends the answer, well or as badly as the rules say. True: all of it was sent, and right. */
export async function deliver(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  rules: readonly FaultRule[],
  { clock, random, dateMs }: Delivering,
): Promise<boolean> {
  const rule = rules.find(({ fault }) => fault in badly)
  response.sendDate = false
  const headers = { ...answer.headers, Date: new Date(dateMs).toUTCString() }
  if (rule !== undefined) {
    const bad = badly[rule.fault]
    return (await bad?.({ request, response, answer: { ...answer, headers }, rule, clock, random })) ?? false
  }
  sendHead(response, { ...answer, headers }, bodyLength(answer))
  for (const piece of answer.body) response.write(piece)
  response.end()
  return true
}

interface Occasion {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly answer: Answer
  readonly rule: FaultRule
  readonly clock: Clock
  readonly random: Random
}

const badly: Readonly<Partial<Record<string, (occasion: Occasion) => Promise<boolean>>>> = {
  'hang-before-headers': hang,
  'hang-in-body': async occasion => {
    sendHead(occasion.response, occasion.answer, bodyLength(occasion.answer))
    occasion.response.write(cut(occasion))
    return hang(occasion)
  },
  'reset-before-headers': async ({ request }) => {
    request.socket.resetAndDestroy()
    return false
  },
  'reset-in-body': async occasion => {
    sendHead(occasion.response, occasion.answer, bodyLength(occasion.answer))
    await written(occasion.response, cut(occasion))
    occasion.request.socket.resetAndDestroy()
    return false
  },
  'truncated-json': async occasion => {
    const part = cut(occasion)
    sendHead(occasion.response, occasion.answer, part.length)
    occasion.response.end(part)
    return false
  },
  'truncated-length': async occasion => {
    sendHead(occasion.response, occasion.answer, bodyLength(occasion.answer))
    await written(occasion.response, cut(occasion))
    occasion.request.socket.end()
    return false
  },
  'gzip-garbage': async ({ response, answer, random }) => {
    const garbage = Buffer.from(Array.from({ length: 512 }, () => Math.floor(random() * 256)))
    garbage.set([0x1f, 0x8b, 0x08])
    sendHead(response, withGzip(answer), garbage.length)
    response.end(garbage)
    return false
  },
  gzip: async ({ request, response, answer }) => {
    const whole = Buffer.concat(answer.body)
    const asked = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
    const body = asked ? gzipSync(whole) : whole
    sendHead(response, asked ? withGzip(answer) : answer, body.length)
    response.end(body)
    return true
  },
  'slow-drip': async ({ response, answer, rule, clock }) => {
    const whole = Buffer.concat(answer.body)
    sendHead(response, answer, whole.length)
    const step = rule.bytes ?? 1024
    for (let at = 0; at < whole.length && !response.destroyed; at += step) {
      response.write(whole.subarray(at, at + step))
      await clock.sleep(10)
    }
    response.end()
    return !response.destroyed
  },
}

function withGzip(answer: Answer): Answer {
  return { ...answer, headers: { ...answer.headers, 'Content-Encoding': 'gzip' } }
}

function sendHead(response: ServerResponse, { status, headers }: Answer, length: number): void {
  response.writeHead(status, { ...headers, 'Content-Length': length })
}

/** Somewhere in the body, neither nothing nor all of it. */
function cut({ answer, random }: Occasion): Buffer {
  const whole = Buffer.concat(answer.body)
  return whole.subarray(0, Math.max(1, Math.floor(whole.length * (0.1 + 0.8 * random()))))
}

function written(response: ServerResponse, part: Buffer): Promise<void> {
  return new Promise(resolve => response.write(part, () => resolve()))
}

/** Until the client goes away, or `durationMs`. */
async function hang({ request, rule, clock }: Occasion): Promise<boolean> {
  const { socket } = request
  if (socket.destroyed) return false
  const gone = once(socket, 'close')
  const patience = new AbortController()
  const enough = rule.durationMs === undefined ? gone : clock.sleep(rule.durationMs, patience.signal)
  await Promise.race([gone, enough]).catch(() => {})
  patience.abort()
  socket.destroy()
  return false
}

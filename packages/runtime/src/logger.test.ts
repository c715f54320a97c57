import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '@cf-audit-drain/pipeline'
import { createLogger, type LoggerOptions } from './logger.ts'

const noon: Clock = { now: () => Date.UTC(2026, 10, 22, 12), monotonic: () => 0, sleep: async () => {} }

function lines(level: LoggerOptions['level'] = 'info') {
  const written: string[] = []
  const logger = createLogger({ level, clock: noon, destination: { write: line => void written.push(line) } })
  return { logger, text: () => written.join(''), parsed: () => written.map(line => JSON.parse(line)) }
}

test('a line is one JSON object with level, time, component and message', () => {
  const { logger, parsed } = lines()
  logger.child({ component: 'poller', foundation: 'eu1' }).info({ rows: 3 }, 'polled')
  assert.deepEqual(parsed(), [
    {
      level: 'info',
      time: '2026-11-22T12:00:00.000Z',
      pid: process.pid,
      component: 'poller',
      foundation: 'eu1',
      rows: 3,
      msg: 'polled',
    },
  ])
})

test('lines below the level are not written', () => {
  const { logger, text } = lines('warn')
  logger.info('quiet')
  assert.equal(text(), '')
})

test('secrets and event data are not written, however deep they hang', () => {
  const { logger, text } = lines()
  logger.info(
    { clientSecret: 'hunter2', nested: { headers: { Authorization: 'hunter2', 'set-cookie': ['hunter2'] } } },
    'a',
  )
  logger.info(
    { list: [{ access_token: 'hunter2' }], data: { manifest: 'hunter2' }, bytes: Buffer.from('hunter2') },
    'b',
  )
  logger.info(
    { url: 'https://user:hunter2@host/', note: 'Bearer hunter2hunter2', q: 'client_secret=hunter2&x=1' },
    'c',
  )
  logger.child({ token: 'hunter2' }).info({ event: { guid: 'g', data: '{"password":"hunter2"}' } }, 'd')
  assert.doesNotMatch(text(), /hunter2/)
  assert.match(text(), /"guid":"g"/)
  assert.match(text(), /\[not logged\]/)
})

test('of an error the log has what errors have in common, not the answer that hangs on it', () => {
  const { logger, text, parsed } = lines()
  const cause = Object.assign(new Error('connect to https://u:hunter2@h failed'), { code: 'ECONNREFUSED' })
  const error = Object.assign(new TypeError('no token', { cause }), {
    response: { body: 'hunter2' },
    headers: 'hunter2',
  })
  logger.error({ err: error }, 'failed')
  logger.error({ err: new AggregateError([cause], 'all failed') }, 'failed')
  const [first, second] = parsed()
  assert.deepEqual(
    [first.err.name, first.err.message, first.err.cause.code],
    ['TypeError', 'no token', 'ECONNREFUSED'],
  )
  assert.match(first.err.stack, /logger\.test/)
  assert.equal(second.err.errors[0].code, 'ECONNREFUSED')
  assert.doesNotMatch(text(), /hunter2/)
})

test('an object that holds itself does not stop the log', () => {
  const { logger, parsed } = lines()
  const ring: Record<string, unknown> = { name: 'ring' }
  ring['self'] = ring
  logger.info({ ring }, 'round')
  assert.equal(parsed()[0].msg, 'round')
})

import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { until } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import type { Consumer } from 'kafkajs'
import { watchMember } from './member-watchdog.ts'

const silenceMaxMs = 200

/** A consumer that says what the test says. */
function watched() {
  const emitter = new EventEmitter()
  const events = Object.fromEntries(
    ['GROUP_JOIN', 'HEARTBEAT', 'REBALANCING', 'DISCONNECT'].map(name => [name, name]),
  ) as unknown as Consumer['events']
  const on = ((event: string, listener: () => void) => {
    emitter.on(event, listener)
    return () => emitter.off(event, listener)
  }) as unknown as Consumer['on']
  const told: string[] = []
  watchMember({ on, events }, silenceMaxMs, systemClock, error => told.push(error.message))
  return { says: (...names: string[]) => void names.map(name => emitter.emit(name)), told }
}

test('heartbeats after a rebalance that nobody joined again mean that the member is stuck', () => {
  const { says, told } = watched()
  says('GROUP_JOIN', 'HEARTBEAT', 'REBALANCING', 'GROUP_JOIN', 'HEARTBEAT')
  assert.deepEqual(told, [])
  says('REBALANCING', 'HEARTBEAT', 'HEARTBEAT')
  assert.equal(told.length, 1)
  assert.match(told[0] ?? '', /has not joined again/)
})

test('a member whose heartbeats are not answered is stuck, too', async () => {
  const { says, told } = watched()
  says('GROUP_JOIN', 'HEARTBEAT')
  await until('the watchdog tells', () => told.length > 0, 10_000)
  assert.match(told[0] ?? '', /no heartbeat was answered/)
})

test('of a consumer that has disconnected nothing is told', async () => {
  const { says, told } = watched()
  says('GROUP_JOIN', 'DISCONNECT', 'REBALANCING', 'HEARTBEAT')
  await systemClock.sleep(2 * silenceMaxMs)
  assert.deepEqual(told, [])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notReady } from './not-ready.ts'
import type { SinkStatus } from './sink-worker.ts'

const sound: SinkStatus = {
  sink: 'siem',
  url: 'syslog://siem:514',
  state: 'delivering',
  foundations: null,
  lastDelivery: null,
  lastError: null,
  unread: [],
  sentAgain: 0,
  lost: [],
}
const at = '2026-11-22T00:00:00.000Z'
const siemIsDown: Partial<SinkStatus> = {
  state: 'failing',
  lastError: { at, message: 'siem:514 refuses connections', attempt: 3 },
}
const cannotRead = (foundation: string | null): Partial<SinkStatus> => ({
  state: 'failing',
  unread: [{ foundation, since: at, message: 'no right' }],
})

const reasons = (sink: Partial<SinkStatus>, poller: string | null | undefined) =>
  notReady({
    foundations: poller === undefined ? [] : [{ elected: { notReady: () => poller } }],
    workers: [{ status: () => ({ ...sound, ...sink }) }],
  })

test('a process that only delivers is not ready while its SIEM is away, one that polls is', () => {
  assert.deepEqual(reasons(siemIsDown, undefined), ['sink siem fails: siem:514 refuses connections'])
  assert.deepEqual(reasons(siemIsDown, null), [])
  assert.deepEqual(reasons(siemIsDown, 'the poller fails'), ['the poller fails'])
  assert.deepEqual(reasons({}, undefined), [])
})

test('a sink that cannot read makes every process unready, and says of which foundation', () => {
  for (const poller of [undefined, null]) {
    assert.deepEqual(reasons(cannotRead(null), poller), ['sink siem fails: no right'])
    assert.deepEqual(reasons(cannotRead('eu1'), poller), [
      'sink siem does not get the events of eu1: no right',
    ])
  }
  assert.equal(reasons(cannotRead('eu1'), 'the poller fails').length, 2)
})

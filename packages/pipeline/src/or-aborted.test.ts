import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orAborted } from './or-aborted.ts'

const never = new Promise<never>(() => undefined)

test('work that ends first is what counts, and work that ends never is left at the signal with its reason', async () => {
  const stop = new AbortController()
  assert.equal(await orAborted(Promise.resolve(7), stop.signal), 7)
  await assert.rejects(orAborted(Promise.reject(new Error('no')), stop.signal), /^Error: no$/)
  const left = orAborted(never, stop.signal)
  stop.abort(new Error('stopped'))
  await assert.rejects(left, /^Error: stopped$/)
  await assert.rejects(orAborted(never, stop.signal), /^Error: stopped$/)
})

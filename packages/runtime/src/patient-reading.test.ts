import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { PatientReading } from './patient-reading.ts'

test('a reading that is late is waited for, one that got lost is begun anew', async () => {
  let nowMs = 0
  let readings = 0
  const clock = { ...systemClock, monotonic: () => nowMs }
  const first = Promise.withResolvers<string>()
  const answers = [() => first.promise, async () => 'second']
  const read = () => answers[readings++]?.() ?? assert.fail()
  const reading = new PatientReading(read, 10, clock)
  assert.match(String((await reading.latest()).problem), /no answer within 10 ms/)
  nowMs = 59_000
  assert.equal((await reading.latest()).value, null)
  assert.equal(readings, 1)
  nowMs = 61_000
  assert.deepEqual(await reading.latest(), { value: 'second', problem: null })
  first.resolve('first')
})

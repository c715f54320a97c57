import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogUnderTest } from './log-under-test.ts'
import { foundation, letter } from './made-up-entries.ts'

/** What is buried stays. */
export function deadLetterSuite(under: LogUnderTest): void {
  const { crash } = under

  test('a dead letter is buried once, and kept byte for byte', async () => {
    await under.log.bury([letter('a'), letter('b'), letter('a', { reason: 'said again' })])
    const writer = await under.log.writer(foundation)
    await writer.publish([], 'c', [letter('b'), letter('c', { origin: 'poller' })])
    await writer.close()
    await crash()
    const letters = await under.log.deadLetters(10)
    assert.deepEqual(letters.map(({ key, reason }) => [key, reason]).toSorted(), [
      ['a', 'why'],
      ['b', 'why'],
      ['c', 'why'],
    ])
    assert.deepEqual(letters.map(({ key, raw }) => [key, Buffer.from(raw).toString()]).toSorted()[0], [
      'a',
      'raw a',
    ])
    assert.equal((await under.log.deadLetters(2)).length, 2)
    assert.deepEqual(
      (await under.log.deadLetterCounts()).map(({ origin, count }) => [origin, count]).toSorted(),
      [
        ['poller', 1],
        ['siem', 2],
      ],
    )
  })

  test('a dead letter may be empty', async () => {
    await under.log.bury([letter('a', { raw: new Uint8Array() })])
    assert.equal((await under.log.deadLetters(1))[0]?.raw.length, 0)
  })
}

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

  test('letters of one origin and one foundation are read in the order in which they were buried', async () => {
    const others = [letter('other', { origin: 'siem' }), letter('other', { foundation: 'another' })]
    const own = Array.from({ length: 50 }, (_, n) => letter(`own ${n}`, { origin: 'poller' }))
    const writer = await under.log.writer(foundation)
    await writer.publish([], 'c', own.slice(0, 30))
    await under.log.bury(others)
    await writer.publish([], 'd', own.slice(30))
    await writer.close()
    const found: string[] = []
    for await (const { key, raw, atMs, reason } of under.log.lettersOf(foundation, 'poller')) {
      found.push(key)
      const one = own.find(letter => letter.key === key)
      assert.deepEqual(
        [Buffer.from(raw), atMs, reason],
        [Buffer.from(one?.raw ?? []), one?.atMs, one?.reason],
      )
      // It came too late for this reading.
      if (found.length < 3) await under.log.bury([letter(`late ${key}`, { origin: 'poller' })])
    }
    assert.deepEqual(
      found,
      own.map(({ key }) => key),
    )
    assert.deepEqual(await Array.fromAsync(under.log.lettersOf('unknown', 'poller')), [])
  })

  test('whoever looks for letters among those of others may stop doing so before one of them comes', async () => {
    await under.log.bury([letter('a'), letter('b')])
    const stopping = AbortSignal.abort(new Error('no longer wanted'))
    const reading = Array.fromAsync(under.log.lettersOf(foundation, 'poller', stopping))
    await assert.rejects(reading, /no longer wanted/)
  })

  test('a dead letter may be empty', async () => {
    await under.log.bury([letter('a', { raw: new Uint8Array() })])
    assert.equal((await under.log.deadLetters(1))[0]?.raw.length, 0)
  })
}

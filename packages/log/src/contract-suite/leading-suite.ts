import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogUnderTest } from './log-under-test.ts'
import { makeEntries } from './made-up-entries.ts'

/** The election, as a process meets it that stands alone. */
export function leadingSuite(under: LogUnderTest): void {
  test('who stands alone polls every foundation, and none any more when lead has resolved', async () => {
    const stop = new AbortController()
    const polling = new Set<string>()
    const all = Promise.withResolvers<void>()
    const elected: (readonly string[] | null)[] = []
    const leading = under.log.lead(
      ['one', 'two'],
      {
        async poll(foundation, term) {
          polling.add(foundation)
          if (polling.size === 2) all.resolve()
          await aborted(term)
          polling.delete(foundation)
        },
        elected: ours => elected.push(ours && [...ours].toSorted()),
      },
      stop.signal,
    )
    await Promise.race([all.promise, leading])
    assert.deepEqual([...polling].toSorted(), ['one', 'two'])
    assert.deepEqual(elected, [['one', 'two']], 'told before the first term begins')
    stop.abort(new Error('enough'))
    await leading
    assert.deepEqual([...polling], [])
  })

  test('a term may write, and a second candidacy of the process after the first may, too', async () => {
    for (const count of [1, 2]) {
      const stop = new AbortController()
      await under.log.lead(
        ['one'],
        {
          async poll(foundation, term) {
            const writer = await under.log.writer(foundation)
            await writer.publish(makeEntries(0, count), String(count))
            await writer.close()
            stop.abort(new Error('enough'))
            await aborted(term)
          },
        },
        stop.signal,
      )
    }
    assert.equal((await under.held({ foundation: 'one' })).length, 2)
    assert.equal(await under.checkpointOf('one'), '2')
  })

  test('a term that fails ends the others, and lead with its error', async () => {
    let ended = false
    const leading = under.log.lead(
      ['sound', 'broken'],
      {
        async poll(foundation, term) {
          if (foundation === 'broken') throw new Error('not to be mended')
          await aborted(term)
          ended = true
        },
      },
      new AbortController().signal,
    )
    await assert.rejects(leading, /not to be mended/)
    assert.ok(ended)
  })

  test('lead of a process that is stopping already polls nothing', async () => {
    const poll = async () => assert.fail('polled')
    await under.log.lead(['one'], { poll }, AbortSignal.abort(new Error('stopping')))
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve())
  return promise
}

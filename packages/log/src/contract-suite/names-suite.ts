import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NameRecord } from '../ports.ts'
import type { LogUnderTest } from './log-under-test.ts'
import { foundation, makeEntries } from './made-up-entries.ts'

/** What is kept of names beside the events. */
export function namesSuite(under: LogUnderTest): void {
  const { reopen, crash } = under

  const kept = async (of = foundation) => {
    const writer = await under.log.writer(of)
    try {
      const records = await Array.fromAsync(writer.names())
      return Object.fromEntries(records.map(({ key, value }) => [key, value]))
    } finally {
      await writer.close()
    }
  }
  const keep = async (names: readonly NameRecord[], from = 0, of = foundation) => {
    const writer = await under.log.writer(of)
    try {
      await writer.publish(makeEntries(from, 1), 'c', [], { names })
    } finally {
      await writer.close()
    }
  }

  test('names are kept with what was published, through a restart and a crash', async () => {
    assert.deepEqual(await kept(), {})
    await keep([{ key: 'org a', value: '{"n":[[1,"a"]]}' }])
    await reopen()
    await keep([{ key: 'space b', value: 'ü|"\n' }], 1)
    await crash()
    assert.deepEqual(await kept(), { 'org a': '{"n":[[1,"a"]]}', 'space b': 'ü|"\n' })
  })

  test('what is kept may be as long as the list of 20,000 spaces that an identity sees', async () => {
    const value = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => String(i).padStart(8, '-')))
    await keep([{ key: 'rights', value }])
    await reopen()
    assert.deepEqual(await kept(), { rights: value })
  })

  test('a name takes the place of the one before under its key, and can be forgotten', async () => {
    await keep([
      { key: 'org a', value: '1' },
      { key: 'org b', value: '1' },
    ])
    await keep([{ key: 'org a', value: '2' }], 1)
    await keep(
      [
        { key: 'org b', value: null },
        { key: 'org c', value: null },
      ],
      2,
    )
    await reopen()
    assert.deepEqual(await kept(), { 'org a': '2' })
  })

  test('the names of one foundation are not those of another', async () => {
    await keep([{ key: 'org a', value: '1' }])
    await keep([{ key: 'org a', value: '2' }], 1, 'another')
    assert.deepEqual([await kept(), await kept('another')], [{ 'org a': '1' }, { 'org a': '2' }])
  })

  test('names are read while others are published, 6,000 of them', async () => {
    const names = Array.from({ length: 6_000 }, (_, i) => ({ key: `app ${i}`, value: `name ${i}` }))
    const writer = await under.log.writer(foundation)
    await writer.publish(makeEntries(0, 1), 'c', [], { names })
    let count = 0
    for await (const { value } of writer.names()) {
      if (count++ === 10)
        await writer.publish(makeEntries(1, 1), 'd', [], { names: [{ key: 'app 0', value: 'new' }] })
      assert.match(value ?? '', /^name|^new$/)
    }
    await writer.close()
    assert.equal(count, 6_000)
    assert.equal((await kept())['app 0'], 'new')
  })

  test('names of a publish that fails are not kept', async () => {
    const writer = await under.log.writer(foundation)
    await assert.rejects(
      writer.publish([under.unstorable], 'c', [], { names: [{ key: 'org a', value: '1' }] }),
    )
    await writer.close()
    assert.deepEqual(await kept(), {})
  })
}

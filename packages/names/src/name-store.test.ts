import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NameRecord } from '@cf-audit-drain/log'
import { type Random, seededRandom } from '@cf-audit-drain/pipeline'
import type { NameFact, NameKind } from './name-kind.ts'
import { NameStore } from './name-store.ts'

const seed = Number(process.env['SEED'] ?? 20_261_122)
const kinds: readonly NameKind[] = ['organization', 'space', 'app', 'process', 'service_instance', 'user']

function someFact(random: Random): NameFact {
  const kind = kinds[Math.floor(random() * kinds.length)] as NameKind
  const atSec = Math.floor(random() * 100)
  return {
    kind,
    guid: `g ${Math.floor(random() * 6)}`,
    name: random() < 0.1 ? null : `näme|"${Math.floor(random() * 5)}"\n`,
    atSec,
    begins: random() < 0.2,
    isDeletion: random() < 0.1,
    ...(random() < 0.3 ? { parent: random() < 0.2 ? null : `p ${Math.floor(random() * 3)}` } : {}),
  }
}

/** Everything that can be asked of a store. */
function told(store: NameStore): unknown {
  return kinds.flatMap(kind =>
    Array.from({ length: 6 }, (_, guid) =>
      Array.from({ length: 100 }, (_, sec) => {
        const answer = store.nameAt(kind, `g ${guid}`, sec)
        return [typeof answer === 'string' ? answer : answer.name, store.parentOf(kind, `g ${guid}`, sec)]
      }),
    ),
  )
}

test(`kept, restored and gone on with, a store says what one says that was never closed (seed ${seed})`, () => {
  const random = seededRandom(seed)
  for (let run = 0; run < 60; run++) {
    const whole = new NameStore()
    const log = new Map<string, string>()
    let store = new NameStore()
    const flush = (records: readonly NameRecord[]) => {
      for (const { key, value } of records)
        if (value === null) log.delete(key)
        else log.set(key, value)
    }
    for (let step = 0; step < 40; step++) {
      const fact = someFact(random)
      whole.learn(fact)
      store.learn(fact)
      if (random() < 0.3) flush(store.takeChanges(1 + Math.floor(random() * 10)))
      if (random() < 0.1) {
        flush(store.takeChanges(1_000))
        store = new NameStore()
        for (const [key, value] of log) store.restore({ key, value })
        assert.deepEqual(store.takeChanges(10), [], 'what comes from the log need not go there')
      }
    }
    assert.deepEqual(told(store), told(whole), `run ${run}`)
  }
})

test('what is nothing new is not written again', () => {
  const store = new NameStore()
  const fact = { kind: 'space', guid: 's', name: 'dev', atSec: 10 } as const
  assert.equal(store.learn(fact), true)
  assert.deepEqual(store.takeChanges(10), [{ key: 'space s', value: '{"n":[[10,"dev"]]}' }])
  for (const atSec of [10, 11, 5_000]) assert.equal(store.learn({ ...fact, atSec }), false)
  assert.deepEqual(store.takeChanges(10), [])
})

test('above its bound a store forgets those not asked for longest, and has the log forget them', () => {
  const store = new NameStore(100)
  const learn = (number: number) => store.learn({ kind: 'app', guid: `a${number}`, name: 'x', atSec: 1 })
  const log = new Map<string, string | null>()
  for (let number = 0; number < 1_000; number++) {
    learn(number)
    store.nameAt('app', 'a0', 5)
    for (const { key, value } of store.takeChanges(1_000)) log.set(key, value)
    assert.ok(store.size <= 100)
  }
  assert.equal(typeof store.nameAt('app', 'a0', 5), 'object', 'asked for again and again')
  assert.equal(store.nameAt('app', 'a1', 5), 'unknown')
  const kept = [...log].filter(([, value]) => value !== null).map(([key]) => key)
  assert.equal(kept.length, store.size)
  assert.ok(kept.includes('app a0'))
})

test('a name as long as a book is not remembered', () => {
  const store = new NameStore()
  const long = 'x'.repeat(1_001)
  assert.equal(store.learn({ kind: 'app', guid: 'a', name: long, atSec: 1 }), false)
  assert.equal(store.learn({ kind: 'app', guid: long, name: 'a', atSec: 1 }), false)
  assert.equal(store.size, 0)
})

test('what the log holds and nobody understands is passed by', () => {
  const store = new NameStore()
  for (const value of ['', 'null', '7', '{', '{"n":7}', '{"n":[["x","y"]]}', '{"n":[[1]]}'])
    store.restore({ key: 'space s', value })
  store.restore({ key: 'nonsense', value: '{"n":[[1,"x"]]}' })
  store.restore({ key: 'space s', value: null })
  assert.equal(store.nameAt('space', 's', 5), 'unknown')
})

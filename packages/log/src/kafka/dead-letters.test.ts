import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeadLetter } from '../ports.ts'
import { deadLetterMessages, LetterAssembly, NewestLetters } from './dead-letters.ts'

const letterOf = (key: string, changes: Partial<DeadLetter> = {}): DeadLetter => {
  const letter = { foundation: 'f', origin: 'poller', key, reason: 'odd', atMs: 1 }
  return { ...letter, raw: Buffer.from(`raw ${key}`), ...changes }
}
const recordsOf = (letter: DeadLetter) =>
  deadLetterMessages(letter).map(({ value }) => ({ value: Buffer.from(String(value)) }))
const large = (key: string) => letterOf(key, { raw: Buffer.alloc(1_500_000, key) })

test('of the whole topic no more than the newest are in memory, however many were buried or broken off', () => {
  const newest = new NewestLetters(3)
  let most = 0
  for (let n = 0; n < 500; n++) {
    const [whole, broken] = [recordsOf(letterOf(`${n}`)), recordsOf(large(`broken ${n}`)).slice(0, 1)]
    for (const record of [...whole, ...(n < 40 ? broken : [])]) newest.add(record)
    most = Math.max(most, newest.size)
  }
  assert.ok(most <= 3 + 16, `${most} letters in memory`)
  assert.deepEqual(
    newest.letters.map(({ key }) => key),
    ['499', '498', '497'],
  )
})

test('one that was buried again is there once, as it was buried first', () => {
  const newest = new NewestLetters(3)
  for (const letter of [letterOf('a'), letterOf('b'), letterOf('a', { reason: 'again' })])
    for (const record of recordsOf(letter)) newest.add(record)
  assert.deepEqual(
    newest.letters.map(({ key, reason }) => [key, reason]),
    [
      ['b', 'odd'],
      ['a', 'odd'],
    ],
  )
})

test('large letters are put together though their parts lie between those of others, and some are never complete', () => {
  const assembly = new LetterAssembly()
  const [a, b] = [large('a'), large('b')].map(recordsOf) as [
    ReturnType<typeof recordsOf>,
    ReturnType<typeof recordsOf>,
  ]
  assert.ok(a.length > 2)
  const records = [
    a[0],
    b[0],
    { value: Buffer.from('{') },
    a[1],
    ...recordsOf(letterOf('c')),
    ...a.slice(2),
    b[1],
  ]
  const found = records.flatMap(record => (record && assembly.add(record)) ?? [])
  assert.deepEqual(
    found.map(({ key, raw }) => [key, raw.length]),
    [
      ['c', 5],
      ['a', 1_500_000],
    ],
  )
  assert.equal(assembly.begun, 1)
})

test('one that was broken off and is buried again in another form has no part of the first', () => {
  const assembly = new LetterAssembly()
  const broken = recordsOf(letterOf('a', { raw: Buffer.alloc(1_500_000, 'a') })).slice(0, 2)
  const again = recordsOf(letterOf('a', { raw: Buffer.alloc(1_000_000, 'b'), atMs: 2 }))
  const found = [...broken, ...again].flatMap(record => assembly.add(record) ?? [])
  assert.deepEqual(
    found.map(({ raw, atMs }) => [Buffer.from(raw).equals(Buffer.alloc(1_000_000, 'b')), atMs]),
    [[true, 2]],
  )
  assert.equal(assembly.begun, 0)
})

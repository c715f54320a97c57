import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldPositions } from './held-positions.ts'

const held = (...topics: readonly string[]) => {
  const positions = new HeldPositions()
  positions.resume(new Map(topics.map((topic, i) => [topic, BigInt(i)])))
  return positions
}
const of = (positions: HeldPositions, topic: string) => positions.ours.get(topic) ?? assert.fail(topic)

test('a topic is ending from the suspension on, then undecided, and then ours or gone', () => {
  const positions = held('a', 'b')
  const [a, b] = [of(positions, 'a'), of(positions, 'b')]
  assert.deepEqual([positions.holding('a', a), positions.holding('a', b)], ['ours', 'gone'])
  positions.suspend()
  assert.deepEqual([positions.ours.size, positions.holding('a', a)], [0, 'ending'])
  positions.keepOnly(new Set(['a', 'new']))
  assert.deepEqual([positions.holding('a', a), positions.holding('b', b)], ['undecided', 'gone'])
  positions.resume(
    new Map([
      ['a', 0n],
      ['new', 7n],
    ]),
  )
  assert.deepEqual([positions.holding('a', a), of(positions, 'new').fetched], ['ours', 7n])
})

test('one that had gone is begun anew when it comes back, though its place is where it was', () => {
  const positions = held('a')
  const before = of(positions, 'a')
  positions.keepOnly(new Set())
  positions.keepOnly(new Set(['a']))
  positions.resume(new Map([['a', 0n]]))
  assert.equal(positions.holding('a', before), 'gone')
})

test('a second suspension before it is known where the group is keeps what the first one did', () => {
  const positions = held('a')
  const before = of(positions, 'a')
  positions.suspend()
  positions.keepOnly(new Set(['a']))
  positions.suspend()
  positions.resume(new Map([['a', 0n]]))
  assert.equal(positions.holding('a', before), 'ours')
})

test('a place that is not in the topic any more is begun anew, for it is the same as none', () => {
  const positions = held('a')
  const before = of(positions, 'a')
  before.place = -1n
  positions.suspend()
  positions.resume(new Map([['a', -1n]]))
  assert.deepEqual([positions.holding('a', before), positions.ours.size], ['gone', 0])
})

test('what is being delivered is the dearest, while it is', () => {
  const positions = held('a', 'b', 'c')
  positions.handOut('b', of(positions, 'b'))
  assert.deepEqual([positions.inHand, positions.wanted], ['b', ['b', 'a', 'c']])
  positions.suspend()
  assert.deepEqual(positions.wanted, ['b', 'a', 'c'])
  positions.handedOver()
  assert.deepEqual([positions.inHand, positions.wanted], [null, ['a', 'c', 'b']])
})

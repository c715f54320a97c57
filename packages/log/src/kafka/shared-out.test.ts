import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, seededRandom } from '@cf-audit-drain/pipeline'
import { type GroupMember, sharedOut } from './shared-out.ts'

const topics = (count: number) => Array.from({ length: count }, (_, i) => `t${i}`)
const plain = (shares: ReadonlyMap<string, readonly string[]>) => Object.fromEntries(shares)

test('members that want the same share it evenly, and who has something keeps it', () => {
  const wants = topics(5)
  const first = sharedOut([{ id: 'a', wants, holds: [] }])
  assert.deepEqual(plain(first), { a: wants })
  const second = sharedOut([
    { id: 'a', wants, holds: wants },
    { id: 'b', wants, holds: [] },
  ])
  assert.deepEqual([second.get('a')?.length, second.get('b')?.length], [3, 2])
  const third = sharedOut([
    { id: 'a', wants, holds: second.get('a') ?? [] },
    { id: 'b', wants, holds: second.get('b') ?? [] },
    { id: 'c', wants, holds: [] },
  ])
  assert.equal(third.get('c')?.length, 1, 'one topic moves')
  for (const id of ['a', 'b'])
    assert.ok(
      new Set(third.get(id)).isSubsetOf(new Set(second.get(id))),
      `${id} is given nothing of another's`,
    )
})

test('who has more than its share gives up the last of what it holds, and not what is dearest to it', () => {
  const wants = topics(4)
  const shares = sharedOut([
    { id: 'a', wants, holds: ['t1', 't3', 't0', 't2'] },
    { id: 'b', wants, holds: [] },
  ])
  assert.deepEqual(plain(shares), { a: ['t1', 't3'], b: ['t0', 't2'] })
})

test('a topic goes to none but those that want it, whatever they say they hold', () => {
  const shares = sharedOut([
    { id: 'old', wants: ['t1'], holds: ['t1', 't2'] },
    { id: 'new', wants: ['t1', 't2', 't3'], holds: [] },
  ])
  assert.deepEqual(plain(shares), { old: ['t1'], new: ['t2', 't3'] })
})

test('two that both say that they hold a topic do not both get it', () => {
  const wants = ['t1']
  const shares = sharedOut([
    { id: 'a', wants, holds: wants },
    { id: 'b', wants, holds: wants },
  ])
  assert.equal([...shares.values()].flat().length, 1)
})

test('of two that say that they hold a topic the one gets it that it is dearer to', () => {
  const wants = ['x', 'y']
  const shares = sharedOut([
    { id: 'a', wants, holds: ['y', 'x'] },
    { id: 'b', wants, holds: ['x', 'y'] },
  ])
  assert.deepEqual(plain(shares), { a: ['y'], b: ['x'] })
})

test('random groups: every topic once, wanted by who has it, as even as one move can make it, the same in any order', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = seededRandom(seed)
    const members = randomGroup(random)
    const shares = sharedOut(members)
    const why = `seed ${seed}`
    const wanted = new Set(members.flatMap(({ wants }) => wants))
    const given = [...shares.values()].flat()
    assert.deepEqual(given.toSorted(), [...wanted].toSorted(), why)
    const loadOf = (id: string) => shares.get(id)?.length ?? 0
    for (const { id, wants } of members) {
      const share = shares.get(id) ?? []
      assert.ok(new Set(share).isSubsetOf(new Set(wants)), why)
      for (const other of members)
        if (share.some(topic => other.wants.includes(topic)))
          assert.ok(loadOf(id) <= loadOf(other.id) + 1, `${why}: ${id} could give ${other.id} one`)
    }
    assert.deepEqual(sharedOut(members.toReversed()), shares, why)
    const settled = members.map(member => ({ ...member, holds: shares.get(member.id) ?? [] }))
    assert.deepEqual(sharedOut(settled), shares, `${why}: a rebalance without a change moves nothing`)
  }
})

function randomGroup(random: Random): readonly GroupMember[] {
  const all = topics(1 + Math.floor(random() * 12))
  const some = (share: number) => all.filter(() => random() < share)
  return Array.from({ length: 1 + Math.floor(random() * 5) }, (_, i) => {
    const wants = random() < 0.5 ? all : some(0.6)
    return { id: `m${i}`, wants, holds: some(0.3) }
  })
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SinkTopics } from './sink-topics.ts'

/** Brokers with topics, some of which a login may not see. */
function brokers() {
  const there = new Set<string>()
  const implied = new Set<string>()
  const configured = new Set<string>()
  const forbidden = new Set<string>()
  let asked = 0
  const topics = new SinkTopics({
    topics: async () => ({
      shown: [...there.difference(forbidden)],
      implied: [...implied],
      configured: [...configured],
    }),
    // Of what may not be seen the brokers say the same whether it is there or not.
    hiddenTopics: async names => {
      asked++
      return new Set(names.filter(name => forbidden.has(name)))
    },
  })
  const look = async () => {
    const { shown, hidden, unhidden, deleted } = await topics.look()
    return [shown, hidden, unhidden, deleted].map(set => [...set].join())
  }
  return { there, implied, configured, forbidden, look, asked: () => asked }
}

test('a topic that the brokers show no more is hidden or deleted, and is told as deleted once', async () => {
  const { there, forbidden, look, asked } = brokers()
  for (const name of ['a', 'b']) there.add(name)
  assert.deepEqual(await look(), ['a,b', '', '', ''])
  assert.deepEqual(await look(), ['a,b', '', '', ''])
  assert.equal(asked(), 0)
  forbidden.add('b')
  assert.deepEqual(await look(), ['a', 'b', '', ''])
  assert.deepEqual(await look(), ['a', 'b', '', ''])
  there.delete('a')
  assert.deepEqual(await look(), ['', 'b', '', 'a'])
  assert.deepEqual(await look(), ['', 'b', '', ''])
  forbidden.clear()
  assert.deepEqual(await look(), ['b', '', 'b', ''])
})

test('a topic that was deleted while it was hidden is told as deleted when the right is back', async () => {
  const { there, forbidden, look } = brokers()
  there.add('a')
  await look()
  forbidden.add('a')
  assert.deepEqual(await look(), ['', 'a', '', ''])
  there.delete('a')
  assert.deepEqual(await look(), ['', 'a', '', ''])
  forbidden.clear()
  assert.deepEqual(await look(), ['', '', 'a', 'a'])
})

test('a topic that others of its foundation imply is hidden from the first look on; one that is not there is never told as deleted', async () => {
  const { there, implied, forbidden, look } = brokers()
  for (const name of ['a', 'b']) there.add(name)
  for (const name of ['a', 'b', 'c']) implied.add(name)
  forbidden.add('b')
  assert.deepEqual(await look(), ['a', 'b', '', ''])
  forbidden.clear()
  assert.deepEqual(await look(), ['a,b', '', 'b', ''])
  there.delete('b')
  assert.deepEqual(await look(), ['a', '', '', 'b'])
  assert.deepEqual(await look(), ['a', '', '', ''])
})

test('a topic of a configured foundation is hidden from the first look on, and told as deleted only where it was there', async () => {
  const { there, configured, forbidden, look } = brokers()
  for (const name of ['a', 'b']) configured.add(name)
  assert.deepEqual(await look(), ['', '', '', ''])
  there.add('a')
  for (const name of ['a', 'b']) forbidden.add(name)
  assert.deepEqual(await look(), ['', 'a,b', '', ''])
  forbidden.clear()
  assert.deepEqual(await look(), ['a', '', 'a,b', ''])
  forbidden.add('a')
  assert.deepEqual(await look(), ['', 'a', '', ''])
  there.clear()
  forbidden.clear()
  assert.deepEqual(await look(), ['', '', 'a', 'a'])
  assert.deepEqual(await look(), ['', '', '', ''])
})

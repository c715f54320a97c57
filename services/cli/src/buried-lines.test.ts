import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buriedLines } from './buried-lines.ts'

test('what is too large is not called malformed, and each is counted by itself', () => {
  const said: string[] = []
  const tell = buriedLines({
    error: ((fields: { readonly count: number }, sentence: string) =>
      said.push(`${fields.count} ${sentence.split(' were ')[0]}`)) as never,
  })
  tell(1, 1)
  tell(2, 0)
  tell(5, 2)
  const large = 'events that are too large for their topic'
  assert.deepEqual(said, [`1 ${large}`, '2 malformed events', '3 malformed events', `2 ${large}`])
})

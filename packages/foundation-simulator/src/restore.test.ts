import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { startFoundation } from './foundation.ts'
import { ManualClock } from './manual-clock.ts'

test('a restored table is as it was: newer rows are gone, deleted ones are back, and may come back once more', async t => {
  const clock = new ManualClock(1_000_000)
  const foundation = await startFoundation({ clock, random: seededRandom(1) })
  t.after(() => foundation.close())
  const here = () =>
    foundation
      .shown()
      .filter(({ deletedAtMs }) => deletedAtMs === null)
      .map(({ guid }) => guid)
  const [kept = '', deleted = ''] = foundation.insert([{}, {}])
  clock.pass(1_000)
  const backupMs = clock.now()
  clock.pass(1_000)
  foundation.delete([deleted])
  const [newer = ''] = foundation.insert([{}])
  clock.pass(1_000)
  assert.deepEqual(foundation.restore(backupMs), { removed: 1, returned: 1 })
  assert.deepEqual(here().toSorted(), [kept, deleted].toSorted())
  assert.equal(foundation.text(newer), null)
  assert.equal(foundation.undelete([newer, 'unknown']), 1)
  assert.deepEqual(here().toSorted(), [kept, deleted, newer].toSorted())
  assert.equal(foundation.undelete([newer]), 0)
})

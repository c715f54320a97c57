import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FoundCheckpoints } from './agreed-checkpoint.ts'
import { steadyCheckpoints } from './steady-checkpoints.ts'

const at = (seq: number | null) => (seq === null ? null : { seq, checkpoint: `after ${seq}` })
const seen = (mirror: number | null, inGroup: number | null, newest = inGroup ?? 0): FoundCheckpoints => ({
  mirror: at(mirror),
  inGroup: at(inGroup),
  newestSeq: newest === 0 ? 'none' : newest,
  endOffset: newest,
  isBegun: false,
})

/** What comes of these looks, the last of them for ever, and how many were taken. */
async function steadyOf(...looks: readonly FoundCheckpoints[]) {
  let taken = 0
  const look = (at: number) => looks[Math.min(at, looks.length - 1)] ?? assert.fail('no look')
  const asked = { pair: async () => look(taken++), newest: async () => look(taken - 1) }
  const { found, isMoving } = await steadyCheckpoints(asked, { sleep: async () => undefined })
  return { mirror: found.mirror?.seq ?? null, inGroup: found.inGroup?.seq ?? null, isMoving, taken }
}

test('what fits together is looked at once', async () => {
  assert.deepEqual(await steadyOf(seen(5, 5)), { mirror: 5, inGroup: 5, isMoving: false, taken: 1 })
  assert.deepEqual(await steadyOf(seen(null, null)), {
    mirror: null,
    inGroup: null,
    isMoving: false,
    taken: 1,
  })
})

test('a commit between two reads is no difference', async () => {
  const looks = [seen(5, 9), seen(9, 9)]
  assert.deepEqual(await steadyOf(...looks), { mirror: 9, inGroup: 9, isMoving: false, taken: 2 })
})

test('the first commit between two reads is no lost checkpoint', async () => {
  const looks = [seen(null, null, 5), seen(5, 5)]
  assert.deepEqual(await steadyOf(...looks), { mirror: 5, inGroup: 5, isMoving: false, taken: 2 })
})

test('a difference that stays is one, and so is a checkpoint that stays lost or alone', async () => {
  assert.deepEqual(await steadyOf(seen(5, 9)), { mirror: 5, inGroup: 9, isMoving: false, taken: 2 })
  const lost = seen(null, null, 5)
  assert.deepEqual(await steadyOf(lost), { mirror: null, inGroup: null, isMoving: false, taken: 2 })
  assert.deepEqual(await steadyOf(seen(null, 9)), { mirror: null, inGroup: 9, isMoving: false, taken: 2 })
})

test('what is another at every look is moving, and that is said after some looks', async () => {
  const looks = Array.from({ length: 50 }, (_, i) => seen(i, i + 1))
  const { isMoving, taken } = await steadyOf(...looks)
  assert.deepEqual({ isMoving, taken }, { isMoving: true, taken: 6 })
})

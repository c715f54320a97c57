import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CloudController, Rights } from '@cf-audit-drain/cloud-foundry'
import { drivenClock } from '@cf-audit-drain/pipeline'
import type { Checkpoint } from './checkpoint.ts'
import type { Recorder } from './recorder.ts'
import { RightsRestoredError } from './rights-guard.ts'
import { RightsWatch } from './rights-watch.ts'

/** Goal: less is accepted once in a process, and from one moment on. Method: rights that are set by hand, session after session. */
const { signal } = new AbortController()
const roles = (count: number) => Array.from({ length: count }, (_, i) => `space_auditor s${i}`)

function watched(acceptRights: boolean) {
  const clock = drivenClock()
  const state: { sees: Rights['sees']; roles: readonly string[] } = { sees: 'subset', roles: roles(2) }
  const identity: CloudController['identity'] = {
    ...{ kind: 'client', name: 'drain', clientId: 'drain', grant: 'client-credentials' },
  }
  const rights = async (): Promise<Rights> => ({
    ...{ identity, scopes: ['cloud_controller.read'], rolesFault: null, missing: null, sentence: '' },
    ...state,
  })
  const controller = { identity, rights, onScopes: () => () => undefined, skewMs: 0 }
  const watch = new RightsWatch({ strict: false, acceptRights }, { controller, clock, observer: {} })
  let checkpoint: Checkpoint = {
    ...{ startSec: 0, baselineSec: 0, tailFromSec: 0, settledSec: 0, unread: [], closedWindows: 0 },
    ...{ writtenMs: 0, rights: { sees: 'everything', places: [] } },
  }
  const recorder = {
    get checkpoint() {
      return checkpoint
    },
    async record(_rows: unknown, change: (now: Checkpoint) => Checkpoint) {
      checkpoint = change(checkpoint)
      return 0
    },
  } as unknown as Recorder
  const session = async () => {
    const guard = await watch.open(checkpoint, async function* () {}, signal)
    await watch.begin(recorder)
    return guard
  }
  return { watch, clock, state, recorder, session }
}

test('what is accepted at the start of a process counts from that moment, whatever roles come later', async () => {
  const { watch, clock, state, recorder, session } = watched(true)
  const acceptedSec = Math.ceil(clock.now() / 1000)
  await session()
  assert.equal(watch.narrowed, null)
  assert.equal(recorder.checkpoint.acceptedSec, acceptedSec)
  clock.advance(3_600_000)
  state.roles = roles(3)
  await watch.look(recorder, signal)
  assert.equal(recorder.checkpoint.rights?.places.length, 3)
  assert.equal(recorder.checkpoint.acceptedSec, acceptedSec)
})

test('that less is seen is in the checkpoint once it keeps a window from closing, before the rights are looked at again', async () => {
  const { clock, state, recorder, session } = watched(true)
  const guard = await session()
  assert.equal(await guard.mayClose(signal), true)
  clock.advance(3_600_000)
  state.roles = roles(1)
  assert.equal(await guard.mayClose(signal), false)
  assert.deepEqual(recorder.checkpoint.narrowed, { sinceMs: clock.now(), lost: ['space_auditor s1'] })
})

test('what a later session of the same process sees less of is not accepted again', async () => {
  const { watch, state, recorder, session } = watched(true)
  await session()
  state.roles = roles(1)
  await session()
  assert.match(watch.narrowed?.sentence ?? '', /events of 1 of its 2 spaces/)
  assert.equal(recorder.checkpoint.rights?.places.length, 2)
})

test('nothing at all is not accepted: what is seen first after it is, and counts from then', async () => {
  const { watch, clock, state, recorder, session } = watched(true)
  state.sees = 'nothing'
  await session()
  assert.match(watch.narrowed?.sentence ?? '', /refuses to show it any/)
  assert.deepEqual(recorder.checkpoint.rights, { sees: 'everything', places: [] })
  clock.advance(3_600_000)
  state.sees = 'subset'
  await watch.look(recorder, signal)
  assert.equal(recorder.checkpoint.rights?.places.length, 2)
  assert.equal(recorder.checkpoint.acceptedSec, Math.ceil(clock.now() / 1000))
  await assert.rejects(watch.look(recorder, signal), RightsRestoredError)
})

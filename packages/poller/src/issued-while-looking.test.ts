import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CloudController, type Rights, seesWith } from '@cf-audit-drain/cloud-foundry'
import { drivenClock } from '@cf-audit-drain/pipeline'
import { RightsGuard } from './rights-guard.ts'
import type { SeenRights } from './seen-rights.ts'

/**
 * Goal: no token goes unseen, whenever it is issued. Method: a Cloud Controller of which each look at the rights is given
 * the scopes it is made with, and the scopes of a token that is issued in the middle of it.
 */
const wide = ['cloud_controller.global_auditor']
const narrow = ['cloud_controller.read']
const { signal } = new AbortController()

interface Looked {
  readonly scopes: readonly string[]
  readonly issued?: readonly string[]
  readonly rolesFault?: string
}

function guardOf(looks: readonly Looked[], before: SeenRights | null = null) {
  let listener: (scopes: readonly string[]) => void = () => undefined
  const left = [...looks]
  const controller: Pick<CloudController, 'rights' | 'onScopes' | 'identity'> = {
    identity: { kind: 'client', name: 'drain', clientId: 'drain', grant: 'client-credentials' },
    onScopes(given) {
      listener = given
      return () => undefined
    },
    async rights(): Promise<Rights> {
      const { scopes, issued, rolesFault = null } = left.shift() ?? looks.at(-1) ?? assert.fail()
      if (issued !== undefined) listener(issued)
      const { identity } = controller
      return {
        ...{ identity, scopes, sees: seesWith(scopes), roles: null, rolesFault },
        ...{ missing: null, sentence: '' },
      }
    },
  }
  const clock = drivenClock()
  const remembered: (SeenRights | null)[] = []
  const deps = {
    controller,
    clock,
    onNarrowed: () => undefined,
    remember: async () => {
      remembered.push(guard.seen)
    },
  }
  const guard = new RightsGuard(deps, { seen: before, narrowed: null })
  return {
    guard,
    clock,
    remembered,
    issue: (scopes: readonly string[]) => listener(scopes),
  }
}

test('a narrow token that is issued within the very first look at the rights is what they are measured with', async () => {
  const { guard } = guardOf([{ scopes: wide, issued: narrow }, { scopes: narrow }])
  const rights = await guard.open(signal, false)
  assert.equal(rights.sees, 'subset')
  assert.equal(guard.seen?.sees, 'subset')
})

test('tokens that come wide and narrow in turns close nothing as if all were wide', async () => {
  const { guard } = guardOf([{ scopes: wide, issued: narrow }])
  await guard.open(signal, false)
  assert.match(guard.narrowed?.sentence ?? '', /new token has only cloud_controller\.read/)
  assert.equal(await guard.mayClose(signal), false)
})

test('a wide token that is issued within the first look makes everything the measure, and a narrow one after it shuts', async () => {
  const { guard, issue } = guardOf([{ scopes: narrow, issued: wide }, { scopes: wide }])
  assert.equal((await guard.open(signal, false)).sees, 'everything')
  assert.equal(await guard.mayClose(signal), true)
  issue(narrow)
  assert.equal(await guard.mayClose(signal), false)
})

test('what is accepted is what the newest token sees', async () => {
  const { guard } = guardOf([{ scopes: wide, issued: narrow }, { scopes: narrow }], {
    sees: 'everything',
    places: [],
  })
  await guard.open(signal, true)
  assert.equal(guard.narrowed, null)
  assert.equal(guard.seen?.sees, 'subset')
})

test('what is accepted waits for the roles to be known, and neither shuts nor closes anything before', async () => {
  const { guard, clock } = guardOf(
    [
      { scopes: narrow, rolesFault: 'roles answer 500' },
      { scopes: narrow, rolesFault: 'roles answer 500' },
      { scopes: narrow },
    ],
    { sees: 'everything', places: [] },
  )
  await guard.open(signal, true)
  assert.deepEqual([guard.isAccepting, guard.narrowed, guard.seen?.sees], [true, null, 'everything'])
  assert.equal(await guard.mayClose(signal), false)
  clock.advance(30_000)
  assert.equal(await guard.mayClose(signal), false)
  clock.advance(29_000)
  assert.equal(await guard.mayClose(signal), false, 'not asked again at once')
  clock.advance(1_000)
  assert.equal(await guard.mayClose(signal), true)
  assert.deepEqual([guard.isAccepting, guard.narrowed, guard.seen?.sees], [false, null, 'subset'])
})

test('scopes that are less shut at once, whether roles can be read or not', async () => {
  const looks = [{ scopes: narrow, rolesFault: 'roles answer 500' }]
  const { guard } = guardOf(looks, { sees: 'everything', places: [] })
  await guard.open(signal, false)
  assert.match(guard.narrowed?.sentence ?? '', /saw everything, and now sees a part/)
})

test('what a window closes with is durable before it closes', async () => {
  const looks = [{ scopes: narrow, rolesFault: 'roles answer 500' }, { scopes: narrow }]
  const { guard, clock, remembered } = guardOf(looks)
  await guard.open(signal, false)
  assert.equal(guard.seen, null)
  clock.advance(30_000)
  assert.equal(await guard.mayClose(signal), true)
  assert.deepEqual(remembered, [{ sees: 'subset', places: [] }])
})

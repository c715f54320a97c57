import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@cf-audit-drain/pipeline'
import { CollectionStore } from './collections.ts'
import { ControlServer } from './control-server.ts'
import { EventGenerator } from './event-generator.ts'
import { startFoundation } from './foundation.ts'
import { loadRecordedCollections } from './recorded-collections.ts'
import { authorizationOf } from './recorded-foundation.ts'
import { addWorld } from './world-resources.ts'
import { addWorldStates } from './world-states.ts'

interface Shown {
  readonly enabled?: boolean
  readonly custom_error_message?: string | null
  readonly errors?: readonly { readonly code: number }[]
}

test('the states of a generated foundation have the form of the recorded ones', () => {
  const [recorded, made] = [new CollectionStore(), new CollectionStore()]
  loadRecordedCollections(recorded)
  addWorldStates(made, new EventGenerator(seededRandom(1), 'http://api').world, 'http://api')
  for (const collection of ['security_groups', 'feature_flags', 'domains', 'organization_quotas', 'roles']) {
    const [shown] = recorded.all(collection)
    for (const one of made.all(collection)) {
      const unknown = Object.keys(one).filter(member => !(member in (shown ?? {})))
      assert.deepEqual(unknown, [], collection)
    }
    assert.ok(made.all(collection).length > 0, collection)
  }
})

test('states are set over the control server, and what is below a thing that is not there is 404', async t => {
  const foundation = await startFoundation()
  const generator = new EventGenerator(seededRandom(1), foundation.api)
  addWorld(foundation.collections, generator.world, foundation.api)
  addWorldStates(foundation.collections, generator.world, foundation.api)
  const control = new ControlServer(foundation, generator)
  await control.listen()
  t.after(() => Promise.all([control.close(), foundation.close()]))
  const get = async (path: string) => {
    const answer = await fetch(`${foundation.api}${path}`, { headers: authorizationOf(foundation, 'client') })
    return { status: answer.status, body: (await answer.json()) as Shown }
  }
  const [app] = foundation.collections.all('apps')
  const [role] = foundation.collections.all('roles')
  const ssh = `/v3/apps/${app?.guid}/features/ssh`
  assert.equal((await get(ssh)).body.enabled, true)
  const change = {
    put: { feature_flags: [{ name: 'diego_docker', enabled: true }] },
    remove: { roles: [role?.guid] },
    documents: { [ssh]: { name: 'ssh', description: '', enabled: false } },
  }
  const { status } = await fetch(`${control.url}/_simulator/states`, {
    method: 'POST',
    body: JSON.stringify(change),
  })
  assert.equal(status, 200)
  assert.equal((await get(ssh)).body.enabled, false)
  assert.equal((await get(`/v3/roles/${role?.guid}`)).status, 404)
  const flag = (await get('/v3/feature_flags/diego_docker')).body
  assert.deepEqual([flag.enabled, flag.custom_error_message], [true, null])
  const gone = await get('/v3/spaces/00000000-0000-4000-8000-000000000000/features/ssh')
  assert.deepEqual([gone.status, gone.body.errors?.[0]?.code], [404, 10010])
})

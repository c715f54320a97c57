import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CollectionStore } from './collections.ts'
import { startFoundation } from './foundation.ts'
import { collectionExchanges, loadExchange, loadRecordedCollections } from './recorded-collections.ts'
import { authorizationOf } from './recorded-foundation.ts'
import { type RecordedExchange, recordedExchange } from './recordings.ts'
import { type Resource, relatedGuid } from './resource.ts'

/** A recorded first page tells how many there were: stand-ins take the places behind it, or before it when falling. */
function fillUp(store: CollectionStore, { request, response }: RecordedExchange): void {
  const body = response.body as { pagination?: { total_results: number }; resources?: Resource[] }
  const missing = (body.pagination?.total_results ?? 0) - (body.resources?.length ?? 0)
  const collection = /^\/v3\/(\w+)/.exec(request.path)?.[1] ?? ''
  const created_at = request.path.includes('order_by=-') ? '2026-01-01T00:00:00Z' : '2027-01-01T00:00:00Z'
  const standIns = Array.from({ length: missing }, (_, at) => ({ guid: `stand-in-${at}`, created_at }))
  store.add(collection, standIns)
}

/** `fields` shows objects by two names only, so their relationships are told here. */
function relate(store: CollectionStore): void {
  const organization = store.all('organizations')[0]?.guid
  const offerings = store.all('service_offerings')
  store.add(
    'spaces',
    store
      .all('spaces')
      .map(space => ({ relationships: { organization: { data: { guid: organization } } }, ...space })),
  )
  store.add(
    'service_plans',
    store.all('service_plans').map((plan, at) => ({
      relationships: { service_offering: { data: { guid: offerings[at]?.guid } } },
      ...plan,
    })),
  )
}

describe('every recorded exchange about the other collections', () => {
  for (const name of collectionExchanges) {
    test(`${name} is answered as recorded`, async () => {
      const foundation = await startFoundation({ externalUrl: 'https://api.sys.example.com' })
      try {
        const exchange = recordedExchange(name)
        loadExchange(foundation.collections, exchange)
        if (name === 'lookup-service-instances-fields') relate(foundation.collections)
        fillUp(foundation.collections, exchange)
        const answer = await fetch(`${foundation.api}${exchange.request.path}`, {
          headers: authorizationOf(foundation, exchange.as),
        })
        assert.equal(answer.status, exchange.response.status)
        assert.equal(answer.headers.get('content-type'), exchange.response.headers['content-type'])
        assert.equal(
          JSON.stringify(await answer.json(), null, 1),
          JSON.stringify(exchange.response.body, null, 1),
        )
      } finally {
        await foundation.close()
      }
    })
  }
})

test('all recorded collections together answer lookups by guid, and after_guid of usage events', async () => {
  const foundation = await startFoundation()
  try {
    loadRecordedCollections(foundation.collections)
    const headers = authorizationOf(foundation, 'client')
    const get = async (path: string): Promise<{ status: number; resources: Resource[] }> => {
      const answer = await fetch(`${foundation.api}${path}`, { headers })
      const { resources = [] } = (await answer.json()) as { resources?: Resource[] }
      return { status: answer.status, resources }
    }
    const app = foundation.collections.all('apps')[3]
    assert.ok(app?.guid)
    assert.deepEqual((await get(`/v3/apps?guids=${app.guid},none`)).resources, [
      JSON.parse(JSON.stringify(app)),
    ])
    const space = relatedGuid(app, 'space')
    const neighbours = (await get(`/v3/apps?space_guids=${space}`)).resources
    assert.ok(neighbours.some(({ guid }) => guid === app.guid))
    const usage = foundation.collections.all('app_usage_events')
    const after = (await get(`/v3/app_usage_events?after_guid=${usage[6]?.guid}`)).resources
    assert.deepEqual(
      after.map(({ guid }) => guid),
      usage.slice(7).map(({ guid }) => guid),
    )
    assert.equal((await get('/v3/app_usage_events?after_guid=gone')).status, 422)
    assert.equal((await get('/v3/apps?label_selector=x')).status, 400)
  } finally {
    await foundation.close()
  }
})

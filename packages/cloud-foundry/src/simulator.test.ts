import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFoundation } from '@cf-audit-drain/foundation-simulator'
import { clientOf, never } from './testing/client-of.ts'

test('against the simulated foundation: discovery, rights, counts and every page', async () => {
  const foundation = await startFoundation()
  const client = clientOf(foundation.api, {
    clientId: foundation.clientId,
    clientSecret: foundation.clientSecret,
  })
  try {
    const nowSec = Math.floor(foundation.clock.now() / 1000)
    const guids = foundation.insert(
      Array.from({ length: 250 }, (_, i) => ({ createdAtUs: (nowSec - 3600 + i) * 1_000_000 })),
    )
    const { uaa, v2 } = await client.discover(never)
    assert.equal(uaa, foundation.uaa)
    assert.equal(v2, false)
    assert.equal((await client.rights(never)).sees, 'everything')
    const fromSec = nowSec - 3600
    assert.equal(await client.oldestAuditEventSec(never), fromSec)
    assert.equal(await client.countAuditEvents({ fromSec, toSec: fromSec + 100 }, never), 100)
    assert.equal(await client.countAuditEvents({ fromSec }, never), 250)
    assert.equal(await client.countAuditEvents({ fromSec }, never, guids.slice(0, 200)), 200)
    assert.equal(await client.countAuditEvents({ fromSec }, never, [guids[0] ?? '', 'unknown']), 1)
    assert.equal(await client.countAuditEvents({ fromSec, toSec: fromSec + 1 }, never, guids.slice(0, 9)), 1)
    const seen: unknown[] = []
    for (let page = 1; page <= 4; page++) {
      const { resources, totalResults } = await client.auditEvents({ fromSec, page, perPage: 100 }, never)
      assert.equal(totalResults, 250)
      seen.push(...resources.map(({ value }) => (value as { guid: unknown }).guid))
    }
    assert.deepEqual(seen.sort(), [...guids].sort())
    assert.ok(Math.abs(client.skewMs ?? 9e9) < 1500)
  } finally {
    await client.close()
    await foundation.close()
  }
})

test('against the simulated foundation: an empty one has no oldest event', async () => {
  const foundation = await startFoundation()
  const client = clientOf(foundation.api, {
    clientId: foundation.clientId,
    clientSecret: foundation.clientSecret,
  })
  try {
    assert.equal(await client.oldestAuditEventSec(never), null)
  } finally {
    await client.close()
    await foundation.close()
  }
})

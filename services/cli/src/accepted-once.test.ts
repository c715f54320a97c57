import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '@cf-audit-drain/config'
import { createScrubber } from '@cf-audit-drain/event'
import { startFoundation } from '@cf-audit-drain/foundation-simulator'
import { openEmbeddedLog } from '@cf-audit-drain/log'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { createLogger } from '@cf-audit-drain/runtime'
import { temporary, until } from './command-for-tests.ts'
import { foundationService } from './foundations.ts'

/** Goal: `--accept-rights` is of the start of a process. Method: two terms of one, as after an election, and a role that goes between them. */
test('what is accepted in the first term of a process is the measure in the next: less is not accepted again', {
  timeout: 60_000,
}, async t => {
  const client = { id: 'a', secret: 'b', scopes: ['cloud_controller.read'] }
  const cloud = await startFoundation({ clients: [client], memberships: { a: { spaces: ['s1', 's2'] } } })
  t.after(() => cloud.close())
  cloud.insert([{ spaceGuid: 's1' }, { spaceGuid: 's2' }])
  const text = `foundations: [{ name: eu1, api: '${cloud.api}', clientId: a, clientSecret: b, pollInterval: 1s }]`
  const loaded = loadConfig({ file: { path: 'config.yaml', text }, env: {}, readFile: () => '' })
  assert.ok('config' in loaded)
  const [config] = loaded.config.foundations
  assert.ok(config)
  const log = await openEmbeddedLog({ dir: temporary(t), clock: systemClock })
  const service = foundationService(config, {
    ...{ log, clock: systemClock, random: seededRandom(1), logger: createLogger({ level: 'silent' }) },
    ...{ scrubber: createScrubber({ key: Buffer.alloc(32, 7) }), metrics: null, isAlone: true },
    acceptRights: true,
  })
  t.after(async () => {
    await service.close()
    await log.close()
  })
  const term = async () => {
    const end = new AbortController()
    const polling = service.elected.poll(end.signal)
    await until(() => service.elected.poller?.status().lastPoll != null)
    const status = service.elected.poller?.status()
    end.abort()
    await polling
    return status
  }
  const first = await term()
  assert.deepEqual([first?.checkpoint?.rights?.places.length, first?.rightsNarrowed], [2, null])
  cloud.setMemberships('a', { spaces: ['s1'] })
  const second = await term()
  assert.match(second?.rightsNarrowed?.sentence ?? '', /events of 1 of its 2 spaces/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '@cf-audit-drain/config'
import { createScrubber } from '@cf-audit-drain/event'
import { startFoundation } from '@cf-audit-drain/foundation-simulator'
import { FencedError, openEmbeddedLog } from '@cf-audit-drain/log'
import { type Clock, seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { createLogger, createMetrics } from '@cf-audit-drain/runtime'
import { temporary, until } from './command-for-tests.ts'
import { foundationService } from './foundations.ts'

/** Rests are short. */
const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal) }

test('the windows that were closed before a fencing are counted once, and not again by the poller after it', {
  timeout: 60_000,
}, async t => {
  const cloud = await startFoundation({})
  t.after(() => cloud.close())
  const nowUs = systemClock.now() * 1000
  cloud.insert(Array.from({ length: 50 }, (_, i) => ({ createdAtUs: nowUs - (i + 1) * 3_600e6 })))
  const text = `foundations: [{ name: eu1, api: '${cloud.api}', clientId: ${cloud.clientId}, clientSecret: ${cloud.clientSecret}, pollInterval: 1s }]`
  const loaded = loadConfig({ file: { path: 'config.yaml', text }, env: {}, readFile: () => '' })
  assert.ok('config' in loaded)
  const [config] = loaded.config.foundations
  assert.ok(config)
  const log = await openEmbeddedLog({ dir: temporary(t), clock })
  const { writer } = log
  let isFenced = false
  let writers = 0
  log.writer = async foundation => {
    const real = await writer.call(log, foundation)
    const publish = real.publish.bind(real)
    writers++
    real.publish = (...what) => (isFenced ? Promise.reject(new FencedError('eu1')) : publish(...what))
    return real
  }
  const metrics = createMetrics({
    ...{ version: '0', foundations: ['eu1'], sinks: [], knownTypes: new Set<string>(), durable: log, clock },
  })
  const service = foundationService(config, {
    ...{ log, clock, random: seededRandom(1), logger: createLogger({ level: 'silent' }), isAlone: true },
    ...{ scrubber: createScrubber({ key: Buffer.alloc(32, 7) }), acceptRights: false },
    metrics: metrics.foundation('eu1'),
  })
  const end = new AbortController()
  service.elected.elected(true)
  const polling = service.elected.poll(end.signal)
  t.after(async () => {
    end.abort()
    await polling
    await service.close()
    await log.close()
  })
  const closed = async () =>
    Number(
      /^cf_audit_windows_closed_total\{foundation="eu1"\} (\d+)/m.exec((await metrics.expose()).text)?.[1],
    )
  await until(() => service.elected.poller?.caughtUp() === true)
  const inCheckpoint = service.elected.poller?.status().windows.closed ?? 0
  assert.ok(inCheckpoint > 0)
  assert.equal(await closed(), inCheckpoint)
  isFenced = true
  cloud.insert([{}])
  await until(() => service.elected.fenced !== null)
  isFenced = false
  await until(() => writers > 1 && service.elected.poller?.caughtUp() === true)
  assert.equal(await closed(), service.elected.poller?.status().windows.closed)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfig } from '@cf-audit-drain/config'
import { splitEventPage } from '@cf-audit-drain/event'
import { startFoundation } from '@cf-audit-drain/foundation-simulator'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { createLogger } from '@cf-audit-drain/runtime'
import { environment } from './command-for-tests.ts'
import { controllerOf } from './foundations.ts'
import { heldBackMs, namesOf } from './names.ts'

const clock = { now: () => 1_000_000 }
const rate = (remaining: number, resetSec = 1_060) => ({ limit: 100, remaining, resetSec })

test('names have half of the rate limit, and wait for the next window when it is used up, whoever used it', () => {
  assert.equal(heldBackMs(null, null, clock), 0)
  assert.equal(heldBackMs(rate(51), rate(60), clock), 0)
  assert.equal(heldBackMs(rate(50), null, clock), 60_000)
  assert.equal(heldBackMs(null, rate(0), clock), 60_000)
  assert.equal(heldBackMs(rate(90), rate(10, 1_030), clock), 30_000)
})

test('what was left of a window that is over says nothing of the next', () => {
  assert.equal(heldBackMs(rate(0, 999), rate(0, 1_000), clock), 0)
})

test('a foundation that allows 60 requests leaves half of them to the polling, however many names are met', async t => {
  const foundation = await startFoundation({ rateLimit: { generalLimit: 60 } })
  const loaded = loadConfig({ env: environment(foundation, '/nowhere'), args: {}, readFile: () => '' })
  const config = 'config' in loaded ? loaded.config.foundations[0] : undefined
  assert.ok(config)
  const logger = createLogger({ level: 'fatal', destination: 'stderr' })
  const deps = { clock: systemClock, random: seededRandom(1), logger, metrics: null }
  const controller = controllerOf(config, deps)
  const names = namesOf(config, controller, deps)
  t.after(async () => {
    await Promise.all([controller.close(), names.close()])
    await foundation.close()
  })
  const naming = names.deps.naming?.(new AbortController().signal)
  for (let space = 0; space < 200; space++) {
    foundation.insert([{ spaceGuid: `space-${space}` }])
    const text = foundation.text(foundation.shown().at(-1)?.guid ?? '')
    const body = `{"pagination":{"total_results":1},"resources":[${text}]}`
    await naming?.prepare(splitEventPage(body).resources)
  }
  const asked = foundation.requests.byPath.get('/v3/spaces') ?? 0
  assert.ok(asked >= 20 && asked <= 36, `${asked} of 60 requests went for names`)
  const toSec = Math.floor(systemClock.now() / 1000)
  for (let poll = 0; poll < 20; poll++)
    await controller.countAuditEvents({ fromSec: toSec - 60, toSec }, new AbortController().signal)
  assert.equal(foundation.requests.byStatus.get(429), undefined)
})

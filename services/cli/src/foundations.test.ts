import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { UnreachableError } from '@cf-audit-drain/cloud-foundry'
import { loadConfig } from '@cf-audit-drain/config'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { createLogger } from '@cf-audit-drain/runtime'
import { controllerOf } from './foundations.ts'

test('requestTimeout of the file is what ends a request that is never answered', {
  timeout: 20_000,
}, async t => {
  const sockets = new Set<Socket>()
  const silent = createServer(socket => sockets.add(socket.on('error', () => {})))
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const text = `foundations: [{ api: 'http://127.0.0.1:${port}', clientId: a, clientSecret: b, requestTimeout: 1s }]`
  const loaded = loadConfig({ file: { path: 'config.yaml', text }, env: {}, readFile: () => '' })
  assert.ok('config' in loaded)
  const [config] = loaded.config.foundations
  assert.ok(config)
  const controller = controllerOf(config, {
    clock: systemClock,
    random: seededRandom(1),
    logger: createLogger({ level: 'silent' }),
    metrics: null,
    tries: 1,
  })
  t.after(() => controller.close())
  const startedMs = systemClock.monotonic()
  await assert.rejects(controller.discover(AbortSignal.timeout(10_000)), (error: Error) => {
    assert.ok(error instanceof UnreachableError, error.message)
    assert.match(error.message, /no answer within 1000 ms \(requestTimeout\)/)
    return true
  })
  const tookMs = systemClock.monotonic() - startedMs
  assert.ok(tookMs > 990 && tookMs < 3000, `${tookMs} ms`)
})

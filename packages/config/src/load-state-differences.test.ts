import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stateKinds } from '@cf-audit-drain/event'
import { loadConfig } from './load-config.ts'

const client = { CF_API: 'https://api.example.com', CF_CLIENT_ID: 'a', CF_CLIENT_SECRET: 'b' }

function load(stateDifferences: string | null, env: Readonly<Record<string, string>> = {}) {
  const lines = ['foundations:', '  - { api: https://api.example.com, clientId: a, clientSecret: b }']
  const text = `${lines.join('\n').slice(0, -2)}, stateDifferences: ${stateDifferences} }\n`
  const file = stateDifferences === null ? {} : { file: { path: 'config.yaml', text } }
  return loadConfig({
    ...file,
    env: stateDifferences === null ? { ...client, ...env } : env,
    readFile: () => '',
  })
}

function of(loaded: ReturnType<typeof load>) {
  assert.ok('config' in loaded, JSON.stringify(loaded))
  return loaded.config.foundations[0]?.stateDifferences
}

test('states are read only where that is asked for, and then all kinds every 15 minutes', () => {
  assert.equal(of(load(null)), null)
  assert.deepEqual(of(load('{}')), { everyMs: 900_000, kinds: stateKinds })
  assert.deepEqual(of(load('{ every: 1h, kinds: [role, role] }')), { everyMs: 3_600_000, kinds: ['role'] })
  assert.deepEqual(of(load(null, { STATE_DIFFERENCES_EVERY: '30m' })), {
    everyMs: 1_800_000,
    kinds: stateKinds,
  })
})

test('what is wrong is said with its place, also in a variable that stands alone', () => {
  const faults = (loaded: ReturnType<typeof load>) => ('faults' in loaded ? loaded.faults : [])
  assert.match(faults(load('{ kinds: [roles] }'))[0]?.problem ?? '', /must be one of security-group, /)
  assert.match(faults(load('{ kinds: [] }'))[0]?.problem ?? '', /empty list/)
  assert.match(faults(load('{ each: 1h }'))[0]?.problem ?? '', /not a known setting/)
  const alone = loadConfig({ env: { STATE_DIFFERENCES_EVERY: '1x' }, readFile: () => '' })
  assert.match(faults(alone)[0]?.where ?? '', /STATE_DIFFERENCES_EVERY/)
})

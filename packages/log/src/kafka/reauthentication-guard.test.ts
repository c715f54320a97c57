import assert from 'node:assert/strict'
import { test } from 'node:test'
import './kafkajs-door.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'
import { type AuthenticatedConnection, isAuthenticated } from './reauthentication-guard.ts'

const agedMs = (lifetimeMs: number, ageMs: number): boolean => {
  const [seconds, nanoseconds] = process.hrtime()
  const atMs = seconds * 1000 + nanoseconds / 1e6 - ageMs
  const connection: AuthenticatedConnection = {
    authenticatedAt: [Math.floor(atMs / 1000), Math.round((atMs % 1000) * 1e6)],
    sessionLifetime: { toNumber: () => lifetimeMs },
    reauthenticationThreshold: 10_000,
  }
  return isAuthenticated.call(connection)
}

test('a login is renewed 10 s before its session ends, and a short one at half its life', () => {
  assert.equal(agedMs(0, 1e9), true, 'a session without an end')
  assert.equal(agedMs(3_600_000, 3_589_000), true)
  assert.equal(agedMs(3_600_000, 3_590_001), false)
  assert.equal(agedMs(8_000, 1), true, 'kafkajs would log in with every request, and be refused')
  assert.equal(agedMs(8_000, 3_900), true)
  assert.equal(agedMs(8_000, 4_001), false)
})

test('kafkajs has the guard in its place', () => {
  const { prototype } = fromKafkajs('src/network/connection.js') as {
    prototype: { isAuthenticated: unknown }
  }
  assert.equal(prototype.isAuthenticated, isAuthenticated)
})

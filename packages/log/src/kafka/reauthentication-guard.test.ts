import assert from 'node:assert/strict'
import { test } from 'node:test'
import './kafkajs-door.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'
import { isAuthenticated, isGoodLogin } from './reauthentication-guard.ts'

test('a login is renewed 10 s before its session ends, and a short one at half its life', () => {
  assert.equal(isGoodLogin(1e9, 0, 10_000), true, 'a session without an end')
  assert.equal(isGoodLogin(3_589_999, 3_600_000, 10_000), true)
  assert.equal(isGoodLogin(3_590_000, 3_600_000, 10_000), false)
  assert.equal(isGoodLogin(1, 8_000, 10_000), true, 'kafkajs would log in with every request, and be refused')
  assert.equal(isGoodLogin(3_999, 8_000, 10_000), true)
  assert.equal(isGoodLogin(4_000, 8_000, 10_000), false)
})

test('kafkajs has the guard in its place', () => {
  const { prototype } = fromKafkajs('src/network/connection.js') as {
    prototype: { isAuthenticated: unknown }
  }
  assert.equal(prototype.isAuthenticated, isAuthenticated)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayHoldSecret } from './may-hold-secret.ts'
import { MEMBERS_WITH_A_RULE } from './mode.ts'
import { SECRET_WORDS } from './secret-key.ts'

test('no name of a secret and no member with a rule passes unseen', () => {
  for (const name of [...SECRET_WORDS, ...MEMBERS_WITH_A_RULE])
    for (const key of [name, name.toUpperCase(), `x_${name}`])
      assert.ok(mayHoldSecret(JSON.stringify({ [key]: 'u:p@h' })), key)
})

test('no beginning of what is recognised inside a string passes unseen', () => {
  for (const text of [
    'a://b',
    'u:p@h',
    '-----BEGIN PRIVATE KEY',
    'eyJhbGciOi',
    'AKIAIOSFODNN7EXAMPLE',
    'ASIAIOSFODNN7EXAMPLE',
    'AIzaSyA',
    'ghp_x',
    'ghs_x',
    'github_pat_x',
    'npm_x',
    'sk_live_x',
    'rk_live_x',
    'glpat-x',
    'xoxb-1',
    'hvs.x',
    'Bearer x',
    'basic x',
    '--password x',
    'pin: 12',
    'pw=1',
  ])
    assert.ok(mayHoldSecret(JSON.stringify(text)), text)
})

test('what most events look like needs no closer look', () => {
  assert.ok(
    !mayHoldSecret(
      '{"route_guid":"7b3e7482-8ce0-42fb-9cc3-98f75a1aef0c","route_mapping_guid":"x","weight":null}',
    ),
  )
})

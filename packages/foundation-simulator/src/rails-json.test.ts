import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { railsJson } from './rails-json.ts'

test('a recorded page that was never re-typed is written again byte for byte', () => {
  const page = readFileSync(new URL('../recordings/unusual-v3.json', import.meta.url), 'utf8')
  const head = page.slice(0, page.indexOf(',"resources"'))
  assert.ok(head.includes('\\u0026'))
  assert.equal(railsJson(JSON.parse(`${head}}`)), `${head}}`)
})

test('what could end a script or a line is escaped', () => {
  assert.equal(railsJson(['<a>&\u2028\u2029']), '["\\u003ca\\u003e\\u0026\\u2028\\u2029"]')
})

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { jsonSchema } from './json-schema.ts'
import { renderReference } from './reference.ts'

const folder = new URL('../../../docs/reference/', import.meta.url)

/** With UPDATE_REFERENCE=1 the page is written instead of compared. */
function isGenerated(name: string, expected: string): void {
  const path = new URL(name, folder)
  if (process.env['UPDATE_REFERENCE'] === '1') {
    mkdirSync(folder, { recursive: true })
    writeFileSync(path, expected)
  }
  assert.equal(
    readFileSync(path, 'utf8'),
    expected,
    `docs/reference/${name} is old: UPDATE_REFERENCE=1 npx node --test packages/config/src/reference.test.ts`,
  )
}

test('the reference table says what the schema says', () => {
  isGenerated('config.md', renderReference())
})

test('the JSON Schema in the docs is the one of the parser', () => {
  isGenerated('config.schema.json', `${JSON.stringify(jsonSchema(), null, 2)}\n`)
})

test('every setting has its sentence in the reference', () => {
  const bare = [...renderReference().matchAll(/^\| `([^`]+)` \| (?!mapping)[^|]+\|[^|]*\|\s*\|$/gm)].map(
    match => match[1],
  )
  assert.deepEqual(bare, [])
})

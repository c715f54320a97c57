import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { jsonSchema } from './json-schema.ts'
import { loadConfig } from './load-config.ts'
import { renderReference } from './reference.ts'

const folder = new URL('../../../docs/reference/', import.meta.url)

/** With UPDATE_REFERENCE=1 a page that says something else is written instead of refused. */
function isGenerated(name: string, expected: string, meaning: (text: string) => unknown): void {
  const path = new URL(name, folder)
  const stored = () => meaning(existsSync(path) ? readFileSync(path, 'utf8') : '')
  if (process.env['UPDATE_REFERENCE'] === '1' && !isDeepStrictEqual(stored(), meaning(expected))) {
    writeFileSync(path, expected)
  }
  assert.deepEqual(
    stored(),
    meaning(expected),
    `docs/reference/${name} is old: UPDATE_REFERENCE=1 npx node --test packages/config/src/reference.test.ts`,
  )
}

/** The formatter may align the columns of a table and leave lines empty. */
function words(page: string): readonly string[] {
  return page
    .split('\n')
    .filter(line => line !== '')
    .map(line =>
      line.startsWith('|')
        ? line
            .replace(/\s+/g, ' ')
            .replace(/-{2,}/g, '---')
            .replace(/^\|( ?-+ ?\|)+$/, '|---|')
        : line,
    )
}

test('the reference table says what the schema says', () => {
  isGenerated('config.md', renderReference(), words)
})

test('the JSON Schema in the docs is the one of the parser', () => {
  isGenerated('config.schema.json', JSON.stringify(jsonSchema(), null, 2), text =>
    text === '' ? null : JSON.parse(text),
  )
})

test('every setting has its sentence in the reference', () => {
  const bare = [...renderReference().matchAll(/^\| `([^`]+)` \| (?!mapping)[^|]+\|[^|]*\|\s*\|$/gm)].map(
    match => match[1],
  )
  assert.deepEqual(bare, [])
})

test('the example in the docs loads and names every setting', () => {
  const text = readFileSync(new URL('config.example.yaml', folder), 'utf8')
  const env = { CF_CLIENT_SECRET: 's', SCRUB_KEY: 'k'.repeat(32) }
  const result = loadConfig({ file: { path: 'config.example.yaml', text }, env, readFile: () => '' })
  assert.deepEqual('faults' in result ? result.faults : [], [])
  const [settings = ''] = renderReference().split('## Environment variables')
  for (const [, setting = ''] of settings.matchAll(/^\| `(?:[\w[\].]*\.)?(\w+)` \|/gm)) {
    assert.match(text, new RegExp(`\\b${setting}:`), setting)
  }
})

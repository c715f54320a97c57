import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { jsonSchema } from './json-schema.ts'
import { type LoadInput, loadConfig } from './load-config.ts'
import { renderReference } from './reference.ts'

const root = new URL('../../../', import.meta.url)
const folder = new URL('docs/reference/', root)

/** With UPDATE_REFERENCE=1 a page that says something else is written instead of refused. */
function isGenerated(name: string, text: string): void {
  const path = new URL(name, folder)
  const expected = formatted(name, text)
  const stored = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (process.env['UPDATE_REFERENCE'] === '1' && stored !== expected) writeFileSync(path, expected)
  else
    assert.equal(
      stored,
      expected,
      `docs/reference/${name} is old: UPDATE_REFERENCE=1 npx node --test packages/config/src/reference.test.ts`,
    )
}

/** As the formatter of this repository writes it: it aligns the columns of tables. */
function formatted(name: string, text: string): string {
  const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'))
  const args = [biome, 'format', `--stdin-file-path=docs/reference/${name}`]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    input: text,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return stdout
}

test('the reference table says what the schema says', () => {
  isGenerated('config.md', renderReference())
})

test('the JSON Schema in the docs is the one of the parser', () => {
  isGenerated('config.schema.json', JSON.stringify(jsonSchema(), null, 2))
})

test('every setting has its sentence in the reference', () => {
  const bare = [...renderReference().matchAll(/^\| `([^`]+)` \| (?!mapping)[^|]+\|[^|]*\|\s*\|$/gm)].map(
    match => match[1],
  )
  assert.deepEqual(bare, [])
})

test('every duration, size and number has its bounds in the reference, and they are those of the parser', () => {
  const rows = [...renderReference().matchAll(/^\| `([^`]+)` \| (?:duration|size|whole number) \|.*$/gm)]
  assert.ok(rows.length >= 18, `${rows.length} rows`)
  for (const [row, name] of rows) assert.match(row, / From `[^`]+` to `[^`]+`\./, name ?? row)
  const bounds = (name: string) =>
    rows.find(([, each]) => each === name)?.[0].match(/From `(.+?)` to `(.+?)`\./)
  const [, min = '', max = ''] = bounds('log.kafka.sessionTimeout') ?? []
  const faults = (sessionTimeout: string) => {
    const text = JSON.stringify({ log: { kafka: { brokers: ['k:9092'], sessionTimeout } } })
    const result = loadConfig({ file: { path: 'c.yaml', text }, env: {}, readFile: () => '' })
    return 'faults' in result ? result.faults.length : 0
  }
  assert.deepEqual([min, max], ['6s', '60s'])
  assert.deepEqual([min, '5999ms', max, '60001ms'].map(faults), [0, 1, 0, 1])
  assert.match(renderReference(), /`foundations\[\]\.sweeps` \|.* From 1 to 8 of them\./)
})

test('the examples in the docs load and name every setting: one has the log in a folder, the other on Kafka', () => {
  const secrets = { CF_CLIENT_SECRET: 's', SCRUB_KEY: 'k'.repeat(32) }
  const inFolder = example('config.example.yaml', secrets)
  const onKafka = example('config.kafka.example.yaml', { ...secrets, KAFKA_SASL_PASSWORD: 'p' })
  const [settings = ''] = renderReference().split('## Environment variables')
  for (const [, path = '', setting = ''] of settings.matchAll(/^\| `([\w[\].]*?)(\w+)` \|/gm)) {
    const text = path.startsWith('log.kafka.') ? onKafka : inFolder
    if (`${path}${setting}` !== 'log.kafka') assert.match(text, new RegExp(`\\b${setting}:`), path + setting)
  }
})

function example(name: string, env: LoadInput['env']): string {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const result = loadConfig({ file: { path: name, text }, env, readFile: () => '' })
  assert.deepEqual('faults' in result ? result.faults : [], [])
  return text
}

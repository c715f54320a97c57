import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readingObstacle, releasedSchemas } from './released-schemas.ts'

/**
 * What was released, for ever: a new version adds a line, and no line ever changes. Events in logs, archives and schema
 * registries name them by these fingerprints.
 */
const released = ['e7985b4b4361b98e', '90cb9f1c725fce7e']

test('what was released is there unchanged, and nothing is there that is not written down here', () => {
  assert.deepEqual(
    releasedSchemas().map(({ version, fingerprint }) => [version, fingerprint]),
    released.map((fingerprint, i) => [i + 1, fingerprint]),
  )
})

test('every released schema reads what every earlier one wrote (backward, transitive)', () => {
  const schemas = releasedSchemas()
  for (const newer of schemas)
    for (const older of schemas.slice(0, newer.version))
      assert.equal(
        readingObstacle(newer.text, older.text),
        null,
        `version ${newer.version} reads ${older.version}`,
      )
})

test('that check can fail: a field without a default, or of another type, is an obstacle', () => {
  const [v1] = releasedSchemas()
  const schema = JSON.parse(v1?.text ?? '')
  const added = { ...schema, fields: [...schema.fields, { name: 'added', type: 'string' }] }
  assert.match(readingObstacle(JSON.stringify(added), v1?.text ?? '') ?? '', /added/)
  const [first, ...rest] = schema.fields
  const retyped = { ...schema, fields: [{ ...first, type: 'long' }, ...rest] }
  assert.match(readingObstacle(JSON.stringify(retyped), v1?.text ?? '') ?? '', /string/)
})

test('what a version has the later ones have, too, by the same name and type, so that no consumer has to be told', () => {
  const schemas = releasedSchemas().map(({ text }) => fieldsOf(JSON.parse(text)))
  const newest = schemas.at(-1) ?? new Map()
  for (const [i, older] of schemas.entries())
    for (const [path, type] of older) assert.equal(newest.get(path), type, `${path} of version ${i + 1}`)
  assert.equal(newest.get('actor.guid'), 'string')
  assert.equal(newest.get('actor.username'), 'null|string')
})

interface Part {
  readonly type: unknown
  readonly fields?: readonly (Part & { readonly name: string })[]
  readonly symbols?: readonly string[]
}

/** The type of every field by its path, those of the records within them included. */
function fieldsOf(schema: Part, path: readonly string[] = []): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { name, type } of schema.fields ?? []) {
    const branches = (Array.isArray(type) ? type : [type]) as (string | Part)[]
    const kinds = branches.map(branch =>
      typeof branch === 'string' ? branch : `${branch.type}${branch.symbols ?? ''}`,
    )
    found.set([...path, name].join('.'), kinds.join('|'))
    for (const branch of branches)
      if (typeof branch === 'object')
        for (const [inner, kind] of fieldsOf(branch, [...path, name])) found.set(inner, kind)
  }
  return found
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readingObstacle, releasedSchemas } from './released-schemas.ts'

/**
 * What was released, for ever: a new version adds a line, and no line ever changes. Events in logs, archives and schema
 * registries name them by these fingerprints.
 */
const released = ['e7985b4b4361b98e', '3b5a59f83f9eee33']

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

test('names and types of fields are as the first version had them, so that no consumer has to be told', () => {
  const fields = releasedSchemas().map(
    ({ text }) => JSON.parse(text).fields as { name: string; type: unknown }[],
  )
  for (const [i, older] of fields.entries())
    for (const { name, type } of older)
      assert.deepEqual(
        fields.at(-1)?.find(field => field.name === name)?.type,
        type,
        `${name} of version ${i + 1}`,
      )
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const folder = join(import.meta.dirname, '../docs/reference')
const page = readFileSync(join(folder, 'losses.md'), 'utf8')
const proofs = [...page.matchAll(/\[“([^”]+)”\]\(([^)]+)\)/g)]

test('every test that docs/reference/losses.md names is in its file', () => {
  assert.ok(proofs.length > 15, `only ${proofs.length} are named on the page: is its form still read?`)
  const missing = proofs.filter(([, title = '', file = '']) => {
    const text = readFileSync(join(folder, file), 'utf8').replaceAll("\\'", "'")
    return !text.includes(title)
  })
  assert.deepEqual(
    missing.map(([, title, file]) => `${title} (${file})`),
    [],
    'mend docs/reference/losses.md',
  )
})

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { catalogue } from './catalogue.ts'
import { createScrubber } from './scrub/scrubber.ts'

const README = new URL('../README.md', import.meta.url)

test('the README shows the catalogue as it is', () => {
  const readme = readFileSync(README, 'utf8')
  const marks = /(<!-- catalogue: .* -->\n)[\s\S]*(<!-- \/catalogue -->)/
  assert.match(readme, marks)
  const expected = readme.replace(marks, (_all, open: string, close: string) => `${open}${table()}${close}`)
  if (process.env['UPDATE_README'] === '1') writeFileSync(README, expected)
  else assert.equal(unaligned(readme), unaligned(expected))
})

test('the README tells of the policy that is in force', () => {
  const { policyVersion } = createScrubber({ key: new Uint8Array(16) })
  assert.match(
    readFileSync(README, 'utf8'),
    new RegExp(`^## Scrubbing policy, version ${policyVersion}$`, 'm'),
  )
})

/** The formatter aligns the columns of tables. */
function unaligned(text: string): string {
  return text.replace(/ +/g, ' ').replace(/-{3,}/g, '---').replace(/\n+/g, '\n')
}

function table(): string {
  const rows = [...catalogue.values()].map(entry => {
    const notes = [
      entry.v2Only ? 'v2 only' : '',
      entry.duplicateOf ? `same crash as \`${entry.duplicateOf}\`` : '',
    ]
    return [
      `\`${entry.type}\``,
      entry.category,
      entry.action,
      entry.severity,
      entry.outcome,
      entry.privileged ? 'yes' : '',
      entry.description,
      notes.filter(note => note !== '').join(', '),
    ]
  })
  const head = ['type', 'category', 'action', 'severity', 'outcome', 'privileged', 'description', '']
  return [head, head.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |\n`).join('')
}

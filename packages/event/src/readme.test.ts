import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { catalogue } from './catalogue.ts'
import { createScrubber } from './scrub/scrubber.ts'

const README = new URL('../README.md', import.meta.url)

test('the README shows the catalogue as it is', () => {
  const readme = readFileSync(README, 'utf8')
  const marks = /(<!-- catalogue: .* -->\n)[\s\S]*(<!-- \/catalogue -->)/
  assert.match(readme, marks)
  const expected = formatted(
    readme.replace(marks, (_all, open: string, close: string) => `${open}${table()}${close}`),
  )
  if (process.env['UPDATE_README'] === '1') writeFileSync(README, expected)
  else assert.equal(readme, expected)
})

test('the README tells of the policy that is in force', () => {
  const { policyVersion } = createScrubber({ key: new Uint8Array(16) })
  assert.match(
    readFileSync(README, 'utf8'),
    new RegExp(`^## Scrubbing policy, version ${policyVersion}$`, 'm'),
  )
})

/** As the formatter of this repository writes it: it aligns the columns of tables. */
function formatted(text: string): string {
  const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'))
  const args = [biome, 'format', '--stdin-file-path=packages/event/README.md']
  const root = new URL('../../../', import.meta.url)
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    input: text,
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return stdout
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

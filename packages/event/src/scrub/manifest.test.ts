import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { unusualPage } from '../../test/recorded.ts'
import { splitEventPage } from '../raw-event.ts'
import { createScrubber } from './scrubber.ts'

const scrubber = createScrubber({ key: new Uint8Array(32).fill(7) })
const FINGERPRINT = /\[SCRUBBED hmac-sha256:[0-9a-f]{16}\]/g
const S = '[SCRUBBED]'

/** The manifest after scrubbing, with every fingerprint shortened. */
function scrubbed(yaml: string): string {
  const data = JSON.stringify({ request: { manifest: yaml } })
  const { text } = scrubber.scrub('audit.app.apply_manifest', data)
  return JSON.parse(text).request.manifest.replace(FINGERPRINT, S)
}

/** Of this thread: the machine may be busy with other things. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** A manifest with a secret in every place, and what becomes of it. */
const secretsEverywhere = `---
applications:
- name:   billing   # kept
  memory: 128M
  command: run --token x
  env: {A: b, "C": 5}
  docker: {image: registry.example.com/x, username: u}
  buildpacks: ["https://ci:pw@git.example.com/bp.git", java]
  cnb-credentials:
    registry.example.com: {username: u, password: 'it''s'}
  processes:
  - type: web
    command: |
      first line
      second line
    memory: 64M
  sidecars:
  - {name: sc, command: "a
      b", process_types: [web]}
  services:
  - name: db
    parameters: &p
      pw: >-
        folded
        text

      on: true
      nothing: ~
  - name: other
    parameters: *p
  metadata:
    annotations: {note: Hunter2-is-my-Secret, env: prod}
    labels: {team: a}
  routes:
  - route: a.example.com
`
const secretsGone = `---
applications:
- name:   billing   # kept
  memory: 128M
  command: "${S}"
  env: {A: "${S}", "C": "${S}"}
  docker: {image: registry.example.com/x, username: "${S}"}
  buildpacks: ["https://ci:${S}@git.example.com/bp.git", java]
  cnb-credentials:
    registry.example.com: {username: "${S}", password: "${S}"}
  processes:
  - type: web
    command: "${S}"
    memory: 64M
  sidecars:
  - {name: sc, command: "${S}", process_types: [web]}
  services:
  - name: db
    parameters: &p
      pw: "${S}"

      on: true
      nothing: ~
  - name: other
    parameters: *p
  metadata:
    annotations: {note: "${S}", env: prod}
    labels: {team: a}
  routes:
  - route: a.example.com
`

test('secrets go from every place of a manifest, in every style of YAML, and the rest stays as written', () => {
  assert.equal(scrubbed(secretsEverywhere), secretsGone)
})

test('a secret that stands elsewhere and is only referred to is found through its alias', () => {
  const result = scrubbed(
    'x: &c hunter2\ny: &m {a: hunter3}\napplications:\n- command: *c\n  <<: *m\n  parameters: *m\n',
  )
  assert.doesNotMatch(result, /hunter/)
  parse(result)
  const url = scrubbed('applications:\n- command: &c get https://u:p@h/hunter2\n  x: *c\n')
  assert.doesNotMatch(url, /hunter/, 'that another place shows less of it hides none of it')
})

test('the placeholders of Cloud Controller stay, and a manifest without secrets is not touched', () => {
  const yaml = '---\napplications:\n- name: ledger\n  env: "[PRIVATE DATA HIDDEN]"\n  memory: 128M\n'
  assert.equal(scrubbed(yaml), yaml)
})

test('a manifest that cannot be understood, or not in time, is replaced whole', () => {
  for (const yaml of [
    'applications: [',
    '\tcommand: x',
    '['.repeat(100_000),
    `a: [${'x,'.repeat(50_000)}]`,
    `a: &a x\nb: [${'*a,'.repeat(600)}]`,
    '\ufeffcommand: hunter2',
  ])
    assert.equal(scrubbed(yaml), S, yaml.slice(0, 40))
})

test('an alias to what stands around it ends', () => {
  assert.doesNotMatch(scrubbed('a: &a\n  command: hunter2\n  b: *a\n'), /hunter2/)
})

test('documents after the first are scrubbed, too', () => {
  assert.equal(scrubbed('a: b\n---\ncommand: x\n'), `a: b\n---\ncommand: "${S}"\n`)
})

test('escapes of the JSON around a scrubbed manifest stay as written', () => {
  const data = '{"request":{"manifest":"a: \\u003cb\\u003e\\ncommand: \\u0068unter2\\nc: \\u00e9"}}'
  assert.equal(
    scrubber.scrub('audit.app.apply_manifest', data).text.replace(FINGERPRINT, S),
    `{"request":{"manifest":"a: \\u003cb\\u003e\\ncommand: \\"${S}\\"\\nc: \\u00e9"}}`,
  )
})

test('the recorded manifest of 737 kB is scrubbed well within a second and unchanged', () => {
  const raw = splitEventPage(unusualPage()).resources.find(
    ({ text }) => text.length > 700_000 && text.includes('apply_manifest'),
  )
  assert.ok(raw)
  const start = cpuMs()
  assert.equal(scrubber.scrub('audit.app.apply_manifest', raw.dataText).text, raw.dataText)
  assert.ok(cpuMs() - start < 1000)
})

test('the longest manifest that is still parsed takes no more than a second or two', () => {
  let yaml = 'applications:\n'
  for (let i = 0; i < 3900; i++)
    yaml += `- name: app${i}\n  command: run ${i}\n  memory: 128M\n  routes:\n  - route: a${i}\n`
  const start = cpuMs()
  assert.notEqual(scrubbed(yaml), S)
  assert.ok(cpuMs() - start < 3000)
})

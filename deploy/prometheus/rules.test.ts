import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const rules = readFileSync(`${folder}/rules.yml`, 'utf8')
const alerts = [...rules.matchAll(/^ {6}- alert: (\w+)$/gm)].map(match => match[1] ?? '')

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`)
  return `${stdout}${stderr}`
}

function isHere(t: TestContext, command: string, debianPackage: string): boolean {
  if (spawnSync(command, ['--version']).status === 0) return true
  const missing = `${command} is not installed: apt-get install ${debianPackage}`
  if (process.env['REQUIRE_PEERS'] === '1') assert.fail(missing)
  t.skip(missing)
  return false
}

const promtool = (t: TestContext) => isHere(t, 'promtool', 'prometheus')

test('promtool accepts the rules', t => {
  if (promtool(t)) assert.match(run('promtool', ['check', 'rules', 'rules.yml']), /SUCCESS: \d+ rules found/)
})

const ruleTests = ['rules_test.yml', 'rules_days_test.yml']

test('the rules ring when they must and only then', t => {
  if (promtool(t)) assert.match(run('promtool', ['test', 'rules', ...ruleTests]), /SUCCESS/)
})

test('Prometheus accepts the example configuration with the rules', t => {
  if (promtool(t)) assert.match(run('promtool', ['check', 'config', 'prometheus.yml']), /SUCCESS/)
})

test('Alertmanager accepts the example configuration', t => {
  if (isHere(t, 'amtool', 'prometheus-alertmanager')) {
    run('amtool', ['check-config', 'alertmanager.yml'])
  }
})

test('every alert has its section in the runbook, a severity, a category, a summary and a test', () => {
  const runbook = readFileSync(`${folder}/../../docs/runbook.md`, 'utf8')
  const tests = ruleTests.map(file => readFileSync(`${folder}/${file}`, 'utf8')).join('')
  assert.ok(alerts.length > 0)
  for (const [i, alert] of alerts.entries()) {
    const begin = rules.indexOf(`- alert: ${alert}\n`)
    const next = alerts[i + 1]
    const text = rules.slice(begin, next === undefined ? undefined : rules.indexOf(`- alert: ${next}\n`))
    assert.match(text, /severity: (critical|warning|info)\n/, alert)
    assert.match(text, /category: (detection|audit-failure|watchdog)\n/, alert)
    assert.match(text, /summary: \S.*\n {10}description: \S/, alert)
    assert.ok(text.includes(`runbook_url: docs/runbook.md#${alert.toLowerCase()}\n`), alert)
    assert.match(runbook, new RegExp(`^### ${alert}$`, 'm'), `docs/runbook.md has no section ${alert}`)
    assert.ok(tests.includes(alert), `rules_test.yml does not test ${alert}`)
  }
})

test('the runbook has no section for an alert that does not exist', () => {
  const runbook = readFileSync(`${folder}/../../docs/runbook.md`, 'utf8')
  const sections = [...runbook.matchAll(/^### (CFAudit\w+)$/gm)].map(match => match[1] ?? '')
  assert.deepEqual(sections.toSorted(), alerts.toSorted())
})

test('every metric that a rule looks at is one that the runtime package makes', () => {
  const source = [
    'durable-metrics',
    'foundation-metrics',
    'ledger-metrics',
    'source-metrics',
    'state-metrics',
    'sink-metrics',
    'schema-registry-metrics',
    'metrics',
  ]
    .map(name => readFileSync(`${folder}/../../packages/runtime/src/${name}.ts`, 'utf8'))
    .join('\n')
  const made = new Set(
    [...source.matchAll(/'(?:cf_audit_)?([a-z_]+)'/g)].map(match => `cf_audit_${match[1]}`),
  )
  const expressions = rules.replaceAll(/^\s*(#|- record:|summary:|description:|runbook_url:).*$/gm, '')
  const used = [...expressions.matchAll(/(?<![:\w])cf_audit_[a-z_]+/g)].map(match =>
    match[0].replace(/_bucket$/, ''),
  )
  assert.ok(used.length > 10)
  assert.deepEqual(
    used.filter(name => !made.has(name)),
    [],
  )
})

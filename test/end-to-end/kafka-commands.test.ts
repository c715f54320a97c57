import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { hasProgram } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { Child } from '../faults/child.ts'
import { places } from '../faults/places.ts'
import { Simulator } from '../faults/simulator.ts'

/** Goal: what an operator types, and what he reads. Method: the command itself, on a real broker; kcat looks into the log. */
async function place(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-commands-'))
  const kafka = await shareKafka()
  const simulator = await Simulator.start(folder, ['--recorded'])
  t.after(async () => {
    await simulator.stop()
    await kafka.stop()
    rmSync(folder, { recursive: true })
  })
  const brokers = kafka.brokers.join(',')
  const prefix = `commands-${process.pid}-${folder.slice(-6)}`
  const { api, clientId, clientSecret } = simulator.addresses
  let runs = 0
  const run = async (args: readonly string[], kafkaLines: readonly string[] = []) => {
    const config = join(folder, 'c.yaml')
    const lines = [
      'brokers: $' + '{KAFKA_BROKERS}',
      `prefix: ${prefix}`,
      'replicationFactor: 1',
      ...kafkaLines,
    ]
    writeFileSync(
      config,
      `foundations: [{name: lab, api: "${api}", clientId: ${clientId}, clientSecret: ${clientSecret}}]\n` +
        'sinks: [{name: siem, url: "syslog://127.0.0.1:1"}]\nhttp: {address: "127.0.0.1:0"}\n' +
        `log:\n  kafka:\n${lines.map(line => `    ${line}\n`).join('')}`,
    )
    const [outputFile, errorFile] = ['out', 'err'].map(end => join(folder, `${++runs}.${end}`)) as [
      string,
      string,
    ]
    const data = ['--data-dir', join(folder, 'data')]
    const child = new Child({
      command: places.drain,
      args: [...args, '--config', config, ...data],
      outputFile,
      errorFile,
      env: { KAFKA_BROKERS: brokers },
    })
    await child.exited
    return { code: child.end, text: readFileSync(outputFile, 'utf8') + readFileSync(errorFile, 'utf8') }
  }
  const events = `${prefix}.events.lab`
  return { run, brokers, simulator, events, prefix }
}

test('topics plan and apply say what they would do, do it once, and lower nothing that is not named', {
  timeout: 120_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const { run, events } = await place(t)
  const planned = await run(['topics', 'plan'])
  assert.equal(planned.code, 5, planned.text)
  assert.match(planned.text, new RegExp(`^to do: make ${events}: partitions=1 replication.factor=1 `, 'm'))
  const checked = await run(['check'])
  assert.match(checked.text, new RegExp(`FAIL +log +Kafka has no topic .*${events}.*topics apply`))
  assert.equal(checked.code, 4)
  const polled = await run(['poller'])
  assert.deepEqual([polled.code, /Kafka has no topic/.test(polled.text)], [4, true], polled.text)

  assert.match((await run(['topics', 'apply'])).text, /^(done: make .*\n){4}$/)
  for (const action of ['apply', 'plan']) {
    const again = await run(['topics', action])
    assert.deepEqual(again, { code: 0, text: 'nothing to do: 4 topics are as wanted\n' })
  }

  const day = ['topics: {retention: 1d}']
  const warning =
    'warning: log\\.kafka\\.topics\\.retention is shorter than the 31 days .* no longer compared .*\\n'
  const lower = await run(['topics', 'apply'], day)
  assert.equal(lower.code, 5)
  assert.match(
    lower.text,
    new RegExp(
      `^not done: ${events}: retention.ms -1 -> 86400000, because the brokers would delete events that are kept now; ` +
        `do: cf-audit-drain topics apply --config \\S+ --allow-lower ${events}, or kafka-configs .* --entity-name ${events} --add-config retention.ms=86400000\n${warning}$`,
    ),
  )
  const allowed = await run(['topics', 'apply', '--allow-lower', events], day)
  assert.equal(allowed.code, 0)
  assert.match(allowed.text, new RegExp(`^done: ${events}: retention.ms -1 -> 86400000\n${warning}$`))
  assert.match((await run(['topics', 'plan'], day)).text, new RegExp(`^nothing to do: .*\n${warning}$`))
  assert.match(
    (await run(['check', '--for', 'topics'], day)).text,
    /WARN +log +log\.kafka\.topics\.retention is/,
  )
  for (const wrong of [['topics'], ['topics', 'drop'], ['topics', 'apply', '--allow-lower', 'x']])
    assert.equal((await run(wrong)).code, 2)
})

test('a lost checkpoint stops the poller until --start-from, which doubles nothing and is refused when it is not needed', {
  timeout: 120_000,
}, async t => {
  if (skipWithoutKafka(t) || !hasProgram(t, 'kcat', 'kcat')) return
  const { run, brokers, simulator, events } = await place(t)
  await run(['topics', 'apply'])
  const shown = [...(await simulator.events()).keys()]
  // An event that came by a poller of which nothing else is left.
  execFileSync('kcat', ['-b', brokers, '-P', '-t', events, '-K', ' ', '-H', 'seq=41'], {
    input: `${shown[0]} x\n`,
  })
  for (const command of ['poller', 'start']) {
    const lost = await run([command, '--until-caught-up'])
    assert.equal(lost.code, 4, lost.text)
    assert.match(
      lost.text,
      /there are events of lab and no checkpoint: .*Nothing was read or written.*--start-from/,
    )
  }
  const anew = await run(['poller', '--start-from', 'retention', '--until-caught-up'])
  assert.equal(anew.code, 0, anew.text)
  const read = ['-C', '-t', events, '-o', 'beginning', '-e', '-q', '-X', 'isolation.level=read_committed']
  const keys = () =>
    execFileSync('kcat', ['-b', brokers, ...read, '-f', '%k\n'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .split('\n')
      // Without what the drain tells by itself.
      .filter(guid => guid !== '' && !guid.startsWith('cfad'))
      .toSorted()
  assert.deepEqual(keys(), shown.toSorted())

  const again = await run(['poller', '--start-from', 'retention', '--until-caught-up'])
  assert.equal(again.code, 2, again.text)
  assert.match(again.text, /the checkpoint of lab is sound.*Nothing was changed; start without --start-from/)
  assert.equal((await run(['poller', '--until-caught-up'])).code, 0)
  assert.deepEqual(keys(), shown.toSorted())
})

test('what no waiting mends ends poller and sink with 4 and a sentence, and check with the same', {
  timeout: 120_000,
}, async t => {
  if (skipWithoutKafka(t)) return
  const { run } = await place(t)
  await run(['topics', 'apply'])
  const login = ['sasl: {mechanism: PLAIN, username: drain, password: hunter2}']
  for (const command of ['poller', 'sink', 'start', 'check']) {
    const { code, text } = await run([command], login)
    assert.equal(code, 4, `${command}: ${text}`)
    assert.match(text, /has no login, and log\.kafka\.sasl is set/)
    assert.doesNotMatch(text, /hunter2/)
  }
  const unreachable = await run(['topics', 'plan'], ['tls: true'])
  assert.match(unreachable.text, /speaks no TLS, and log\.kafka\.tls is set/)
  assert.equal(unreachable.code, 4)
})

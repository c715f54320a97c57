import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { freePort, hasProgram, startRsyslogd } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { Simulator } from '../faults/simulator.ts'
import { until } from '../faults/until.ts'

const root = new URL('../../', import.meta.url)
const waitMs = 60_000
const foundationName = 'readme'

/**
 * Goal: README leads from the embedded log to three processes on Kafka, and no event is lost or doubled on the way.
 * Method: its own lines, by a shell, on a simulated foundation with a real broker and a real rsyslogd. `npm run kafka` itself has
 * a test of its own (`packages/kafka-broker`).
 */
test('the lines of README move an embedded log to Kafka, and start poller, standby and sink there', {
  timeout: 200_000,
}, async t => {
  if (skipWithoutKafka(t) || skipWithoutKcat(t) || !hasProgram(t, 'rsyslogd', 'rsyslog')) return
  const folder = mkdtempSync(join(tmpdir(), 'end-to-end-readme-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const port = await freePort()
  const rsyslogd = await startRsyslogd({ folder, port, maxMessageSize: '8k' })
  t.after(() => rsyslogd.stop())
  const simulator = await Simulator.start(folder, [])
  t.after(() => simulator.stop())
  const insert = async (count: number, hoursAgo: number) => {
    const createdAtUs = (systemClock.now() - hoursAgo * 3_600_000) * 1000
    await simulator.insert(Array.from({ length: count }, () => ({ createdAtUs })))
  }
  const { api, clientId, clientSecret } = simulator.addresses
  const foundation = {
    CF_API: api,
    CF_CLIENT_ID: clientId,
    CF_CLIENT_SECRET: clientSecret,
    SINK_URL: `syslog://127.0.0.1:${port}?format=cef`,
  }
  const prefix = `readme-${process.pid}`
  const onKafka = { ...foundation, KAFKA_BROKERS: kafka.brokers.join(','), SCRUB_KEY: 'k'.repeat(32) }
  // Beyond README: a Kafka that is given may hold the log of others, and others of this machine may have the address of the first poller.
  const own = { CF_FOUNDATION: foundationName, HTTP_ADDRESS: '127.0.0.1:0', TASK_FOLLOW: 'false' }
  const shell = (line: string, env: object) => {
    const isOnKafka = 'KAFKA_BROKERS' in env ? { KAFKA_PREFIX: prefix } : {}
    return shellLine(t, line.replaceAll('./data', join(folder, 'data')), { ...env, ...own, ...isOnKafka })
  }

  await insert(300, 5)
  await shell('npx cf-audit-drain start --until-caught-up --data-dir ./data', foundation).ends(0)
  const moving = linesOfBlock('### Moving over')
  assert.deepEqual(exportsOf(moving), ['KAFKA_BROKERS'])
  await shell(moving[1] ?? '', onKafka).ends(0)
  await shell(moving[2] ?? '', onKafka).ends(0)
  await insert(200, 1)
  await shell(`${moving[3]} --until-caught-up`, onKafka).ends(0)

  const scaling = linesOfBlock('## When one machine is not enough', 'npm run kafka')
  assert.deepEqual(new Set(exportsOf(scaling)), new Set(Object.keys(onKafka)))
  const [check = '', ...processes] = scaling.filter(line => line.startsWith('npx '))
  await shell(check, onKafka).ends(0)
  const begun = processes.map(line => shell(line, onKafka))
  assert.equal(begun.length, 3)
  await insert(100, 0)
  await until('every event is at the SIEM', async () => (await rsyslogd.lines()).length >= 600, waitMs)
  for (const one of begun) one.signal('SIGTERM')
  for (const one of begun) await one.ended()

  const shown = new Set((await simulator.events()).keys())
  assert.equal(shown.size, 600)
  const topic = `${prefix}.events.${foundationName}`
  const held = (await seenByKcat(kafka.brokers, topic)).map(({ guid }) => guid)
  assert.deepEqual([held.length, new Set(held)], [600, shown])
  assert.equal((await rsyslogd.lines()).length, 600, 'one line an event')
})

/** The commands of the first block of code below a heading that begins with `first`, without their comments. */
function linesOfBlock(heading: string, first = ''): readonly string[] {
  const readme = readFileSync(new URL('README.md', root), 'utf8')
  const section = readme.slice(readme.indexOf(`\n${heading}\n`))
  const block = section.split('```sh\n').find((part, i) => i > 0 && part.startsWith(first))
  assert.ok(block, `README has a block below ${heading}`)
  return block
    .slice(0, block.indexOf('```'))
    .split('\n')
    .map(line => line.replace(/\s+#.*$/, ''))
    .filter(line => line !== '')
}

function exportsOf(lines: readonly string[]): readonly string[] {
  return lines
    .filter(line => line.startsWith('export '))
    .flatMap(line => [...line.matchAll(/([A-Z_]+)=/g)].map(([, name = '']) => name))
}

/** A line as a person types it, in a process group of its own: npx does not pass a signal on. */
function shellLine(t: TestContext, line: string, env: object) {
  let output = ''
  const child: ChildProcess = spawn('sh', ['-c', line], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  })
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', part => {
      output += String(part)
    })
  const closed = once(child, 'close')
  const signal = (name: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      process.kill(-child.pid, name)
  }
  t.after(() => signal('SIGKILL'))
  return {
    signal,
    ended: () => closed,
    async ends(code: number) {
      await closed
      assert.equal(child.exitCode, code, `${line}\n${output.slice(-2_000)}`)
    },
  }
}

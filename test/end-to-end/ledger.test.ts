import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { kcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { Child } from '../faults/child.ts'
import { places } from '../faults/places.ts'
import { Simulator } from '../faults/simulator.ts'

/**
 * Goal: what the ledger says is so, whoever looks. Method: the command itself, killed at random moments; then its ledger
 * is made anew from the events by programs that share no code with it (SQLite, kcat), and compared.
 */

/** Of one window, as anybody can make it. */
interface Told {
  readonly fromSec: number
  readonly state: string
  readonly held: number
  readonly digest: string | null
}

async function place(t: TestContext, kafkaBrokers: readonly string[] | null) {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'))
  const simulator = await Simulator.start(folder, ['--recorded'])
  t.after(async () => {
    await simulator.stop()
    rmSync(folder, { recursive: true })
  })
  const { api, clientId, clientSecret } = simulator.addresses
  const prefix = `ledger-${process.pid}-${folder.slice(-6)}`
  const dir = join(folder, 'data')
  const config = join(folder, 'c.yaml')
  const log =
    kafkaBrokers === null
      ? []
      : [
          'log:',
          `  kafka: {brokers: [${kafkaBrokers.map(one => `"${one}"`).join(',')}], prefix: ${prefix}, replicationFactor: 1, createTopics: true}`,
        ]
  writeFileSync(
    config,
    [
      `foundations: [{name: lab, api: "${api}", clientId: ${clientId}, clientSecret: ${clientSecret}, pollInterval: 1s}]`,
      'http: {address: "127.0.0.1:0"}',
      ...log,
      '',
    ].join('\n'),
  )
  let runs = 0
  const begin = (args: readonly string[]) => {
    const [outputFile, errorFile] = [join(folder, `${++runs}.out`), join(folder, `${runs}.err`)]
    const child = new Child({
      command: places.drain,
      args: [...args, '--config', config, '--data-dir', dir],
      outputFile,
      errorFile,
      env: {},
    })
    return {
      child,
      text: () => readFileSync(outputFile, 'utf8'),
      said: () => readFileSync(errorFile, 'utf8'),
    }
  }
  const run = async (args: readonly string[]) => {
    const one = begin(args)
    await one.child.exited
    return { code: one.child.end, text: one.text(), said: one.said() }
  }
  return { run, begin, simulator, prefix, database: join(dir, 'log.db') }
}

/** The ledger of a foundation after a poller was killed so many times, each time at another moment. */
async function killed({ run, begin }: Awaited<ReturnType<typeof place>>, kills: number, seed: number) {
  const random = seededRandom(seed)
  for (let i = 0; i < kills; i++) {
    const { child } = begin(['start'])
    await systemClock.sleep(400 + random() * 2_000)
    child.kill('SIGKILL')
    await child.exited
  }
  const last = await run(['start', '--until-caught-up'])
  assert.equal(last.code, 0, last.said + last.text)
}

function judge(
  told: readonly Told[],
  events: readonly { readonly guid: string; readonly sec: number }[],
): void {
  let covered = 0
  for (const { fromSec, held, digest, state } of told) {
    const inside = events.filter(({ sec }) => sec >= fromSec && sec < fromSec + 300).map(({ guid }) => guid)
    covered += inside.length
    assert.equal(held, inside.length, `${fromSec} ${state}`)
    const lines = inside.toSorted().map(guid => `${guid}\n`)
    if (digest !== null) assert.equal(digest, createHash('sha256').update(lines.join('')).digest('hex'))
    if (state === 'closed') assert.ok(digest !== null)
  }
  assert.equal(covered, events.length, 'every event is in one window')
}

test('a poller that is killed again and again leaves a ledger that SQLite bears out', {
  timeout: 180_000,
}, async t => {
  const seed = Number(process.env['SEED'] ?? 5)
  t.diagnostic(`seed ${seed}`)
  const one = await place(t, null)
  await killed(one, 4, seed)
  const database = new DatabaseSync(one.database, { readOnly: true })
  const told = database.prepare('SELECT from_sec AS fromSec, state, held, digest FROM ledger').all()
  const events = database
    .prepare("SELECT guid, created_at AS sec FROM events WHERE guid NOT LIKE 'cfad%'")
    .all()
  database.close()
  assert.ok(events.length > 500, `${events.length} events`)
  judge(told as unknown as Told[], events as unknown as { guid: string; sec: number }[])
  const json = await one.run(['ledger', '--json'])
  assert.equal(json.code, 0, json.said)
  const verdict = JSON.parse(json.text)
  assert.deepEqual([verdict.foundation, verdict.windows.short, verdict.held], ['lab', 0, events.length])
  assert.ok(verdict.windows.closed > 100)
  const text = await one.run(['ledger'])
  assert.match(text.text, /\nlab: complete up to \S+Z, \d+ windows? open, none short\n$/)
  const csv = (await one.run(['ledger', '--csv'])).text.trim().split('\n')
  assert.equal(csv.length - 1, told.length)
  assert.match(csv[0] ?? '', /^foundation,from,to,state,counted,held,/)
})

test('on Kafka the ledger topic says what kcat makes of the events, and is read while the poller runs', {
  timeout: 240_000,
}, async t => {
  if (skipWithoutKafka(t) || skipWithoutKcat(t)) return
  const seed = Number(process.env['SEED'] ?? 6)
  t.diagnostic(`seed ${seed}`)
  const kafka = await shareKafka()
  t.after(() => kafka.stop())
  const one = await place(t, kafka.brokers)
  await killed(one, 3, seed)
  const read = (topic: string, format: string) =>
    kcat(kafka.brokers, [
      ...['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-X', 'isolation.level=read_committed'],
      ...['-f', format],
    ])
  const windows = new Map<string, Told>()
  for (const line of (await read(`${one.prefix}.ledger.lab`, '%k %s\n')).trim().split('\n')) {
    const [key = '', value = ''] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' '))]
    windows.set(key, JSON.parse(value))
  }
  const events = (await read(`${one.prefix}.events.lab`, '%k %h\n'))
    .trim()
    .split('\n')
    .map(line => ({ guid: line.split(' ')[0] ?? '', sec: Number(/created_at=(\d+)/.exec(line)?.[1]) }))
    // Those of our own are no part of the ledger.
    .filter(({ guid }) => !guid.startsWith('cfad'))
  assert.ok(events.length > 500)
  judge([...windows.values()], events)
  const running = one.begin(['start'])
  const json = await one.run(['ledger', '--json'])
  running.child.kill('SIGTERM')
  await running.child.exited
  assert.equal(json.code, 0, json.said + json.text)
  assert.equal(JSON.parse(json.text).held, events.length)
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { shareKafka, skipWithoutKafka } from '@cf-audit-drain/kafka-broker'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { freePort, hasProgram, startRsyslogd } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { Child } from '../faults/child.ts'
import { places } from '../faults/places.ts'
import { Simulator } from '../faults/simulator.ts'
import { until } from '../faults/until.ts'

const hourMs = 3_600_000
const testMs = 280_000
const killsMax = 6

/**
 * Goal: a move from the embedded log to Kafka loses and doubles nothing, at the log and at the SIEM, whenever it is
 * killed. Method: real processes, a simulated foundation that goes on showing what the log has pruned, a real rsyslogd;
 * kcat, which is not ours, says what Kafka holds.
 */
test('embedded, killed while it moves, and on with poller and sink: every event once in the log and at the SIEM', {
  timeout: testMs,
}, async t => {
  if (skipWithoutKafka(t) || !hasProgram(t, 'kcat', 'kcat') || !hasProgram(t, 'rsyslogd', 'rsyslog')) return
  const scene = await Scene.set(t)
  await scene.simulator.history({
    count: 4_000,
    fromMs: scene.nowMs - 4 * hourMs,
    toMs: scene.nowMs - 1.5 * hourMs,
  })
  await scene.runs('start', '--until-caught-up')
  // The first run delivered everything, so an hour later the second prunes it: Cloud Controller still shows it.
  scene.letPass(1.2 * hourMs)
  const second = scene.begin('start')
  await until('payloads were pruned', () => scene.count('record IS NULL') >= 2_000, 60_000)
  await second.stop(20_000)

  await scene.stopReceiver()
  await scene.insert(500)
  const undelivered = scene.begin('start')
  await until('the new ones are in the log', () => scene.count('1 = 1') === 4_500, 60_000)
  await undelivered.stop(20_000)
  await scene.startReceiver()

  const report = await scene.killedAndRunAgain('migrate')
  if (report !== null) {
    assert.match(
      report,
      /eu1: \d+ events, \d+ pruned ones by their guid, 4500 ever counted, .*sha256 [0-9a-f]{64}/,
    )
    assert.match(report, /sink siem: 500 records wait in Kafka\n/)
  }
  const again = scene.begin('migrate')
  await again.exited
  assert.equal(again.end, 4)
  assert.match(scene.out(), /eu1: \d+ events, .*sha256 [0-9a-f]{64}/)
  const refused = scene.begin('start')
  await refused.exited
  assert.equal(refused.end, 4)
  assert.match(scene.out(), /this log was moved to Kafka at .* it goes on there/)

  await scene.insert(300)
  await scene.runs('poller', '--until-caught-up')
  await scene.runs('sink', '--until-caught-up')

  const shown = new Set((await scene.simulator.events()).keys())
  assert.equal(shown.size, 4_800)
  const held = scene.guidsByKcat()
  assert.equal(held.length, 4_800, 'one record an event')
  assert.deepEqual(new Set(held), shown)
  const received = await scene.received()
  assert.equal(received.length, 4_800, 'one message an event')
  assert.deepEqual(new Set(received), shown)
})

class Scene {
  readonly simulator: Simulator
  readonly nowMs = systemClock.now()
  readonly #t: TestContext
  readonly #folder: string
  readonly #brokers: string
  readonly #port: number
  readonly #prefix = `moving-${process.pid}`
  #receiver: Awaited<ReturnType<typeof startRsyslogd>> | null = null

  private constructor(t: TestContext, folder: string, simulator: Simulator, brokers: string, port: number) {
    this.#t = t
    this.#folder = folder
    this.simulator = simulator
    this.#brokers = brokers
    this.#port = port
  }

  static async set(t: TestContext): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), 'end-to-end-migrate-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const kafka = await shareKafka()
    t.after(() => kafka.stop())
    const simulator = await Simulator.start(folder, [])
    t.after(() => simulator.stop())
    const scene = new Scene(t, folder, simulator, kafka.brokers.join(','), await freePort())
    const { api, clientId, clientSecret } = simulator.addresses
    const ends = `foundations: [{ name: eu1, api: '${api}', clientId: ${clientId}, clientSecret: '${clientSecret}', pollInterval: 1s, tasks: { follow: false } }]
sinks: [{ name: siem, url: 'syslog://127.0.0.1:${scene.#port}?format=cef' }]
http: { address: '127.0.0.1:0' }
`
    writeFileSync(join(folder, 'embedded.yaml'), `${ends}log: { retention: { maxAge: 1h } }\n`)
    writeFileSync(
      join(folder, 'kafka.yaml'),
      `${ends}log: { kafka: { brokers: [${kafka.brokers.join(', ')}], prefix: ${scene.#prefix}, createTopics: true, replicationFactor: 1 } }\n`,
    )
    await scene.startReceiver()
    t.after(() => scene.stopReceiver())
    return scene
  }

  begin(command: 'start' | 'migrate' | 'poller' | 'sink', ...args: readonly string[]): Child {
    writeFileSync(join(this.#folder, 'drain.out'), '')
    const config = join(this.#folder, command === 'start' ? 'embedded.yaml' : 'kafka.yaml')
    const outputFile = join(this.#folder, 'drain.out')
    return new Child({
      command: places.drain,
      args: [command, '--config', config, '--data-dir', join(this.#folder, 'data'), ...args],
      outputFile,
      errorFile: outputFile,
    })
  }

  async runs(...typed: Parameters<Scene['begin']>): Promise<void> {
    const child = this.begin(...typed)
    await child.exited
    assert.equal(child.end, 0, this.out().slice(-2_000))
  }

  /**
   * kill -9 at moments that a seed chooses, and again, until it has ended by itself. What it said then; null when it
   * was killed after everything was done and before it had said so: the next one is refused.
   */
  async killedAndRunAgain(command: 'migrate'): Promise<string | null> {
    const seed = this.nowMs % 1_000_000
    this.#t.diagnostic(`seed ${seed}`)
    const random = seededRandom(seed)
    const kills: string[] = []
    for (let attempt = 0; ; attempt++) {
      const child = this.begin(command)
      const patience = new AbortController()
      const afterMs = attempt < killsMax ? random() * 400 * (attempt + 1) : testMs
      const dies = this.#dies(child, afterMs, patience.signal)
      await child.exited
      patience.abort()
      await dies
      if (child.end !== 'SIGKILL') {
        this.#t.diagnostic(`killed ${kills.length} times, after: ${kills.join(', ')}`)
        if (child.end === 0) return this.out()
        assert.match(this.out(), / it goes on there/)
        return null
      }
      kills.push(
        this.out()
          .match(/"msg":"[^"]+"/g)
          ?.at(-1) ?? 'before the first line',
      )
    }
  }

  /** That much after it has taken the log: before that it has done nothing. */
  async #dies(child: Child, afterMs: number, signal: AbortSignal): Promise<void> {
    const holder = join(this.#folder, 'data/writer.json')
    const isAtWork = () => JSON.parse(readFileSync(holder, 'utf8')).pid === child.pid
    await until('it has the log', () => isAtWork() || child.end !== null, 30_000)
    await systemClock.sleep(afterMs, signal).then(
      () => child.kill('SIGKILL'),
      () => undefined,
    )
  }

  out(): string {
    return readFileSync(join(this.#folder, 'drain.out'), 'utf8')
  }

  /** Rows of the embedded log. */
  count(where: string): number {
    const database = new DatabaseSync(join(this.#folder, 'data/log.db'), { readOnly: true })
    try {
      return Number(database.prepare(`SELECT count(*) AS n FROM events WHERE ${where}`).get()?.['n'])
    } finally {
      database.close()
    }
  }

  /** Everything in the embedded log came that much earlier. */
  letPass(ms: number): void {
    const database = new DatabaseSync(join(this.#folder, 'data/log.db'))
    database.exec(`UPDATE events SET received_at = received_at - ${ms}`)
    database.close()
  }

  async insert(count: number): Promise<void> {
    const atUs = systemClock.now() * 1_000
    await this.simulator.insert(
      Array.from({ length: count }, (_, i) => ({
        createdAtUs: atUs - i * 1_000,
        actor: { guid: 'u-1', type: 'user', name: 'eve@example.com' },
        target: { guid: `a-${i}`, type: 'app', name: `app-${i}` },
      })),
    )
  }

  guidsByKcat(): readonly string[] {
    const topic = ['-t', `${this.#prefix}.events.eu1`, '-o', 'beginning', '-e', '-q', '-f', '%k\n']
    const args = ['-b', this.#brokers, '-C', ...topic, '-X', 'isolation.level=read_committed']
    const out = execFileSync('kcat', args, { maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'ignore'] })
    return out.toString().split('\n').filter(Boolean)
  }

  async startReceiver(): Promise<void> {
    this.#receiver = await startRsyslogd({ folder: this.#folder, port: this.#port, maxMessageSize: '8k' })
  }

  async stopReceiver(): Promise<void> {
    await this.#receiver?.stop()
    this.#receiver = null
  }

  /** The guid of every message, in the order in which they came. */
  async received(): Promise<readonly string[]> {
    const lines = (await this.#receiver?.lines()) ?? []
    return lines.map(line => /event_guid="([^"]+)"/.exec(line)?.[1] ?? line)
  }
}

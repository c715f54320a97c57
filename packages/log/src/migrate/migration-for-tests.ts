import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { systemClock } from '@cf-audit-drain/pipeline'
import { openKafkaLog } from '../kafka/kafka-log.ts'
import type { KafkaOptions } from '../kafka/kafka-options.ts'
import type { EventLog } from '../ports.ts'
import { fillEmbeddedLog } from './embedded-log-for-tests.ts'
import { type MigrationDeps, type MigrationReport, migrateToKafka } from './migrate-to-kafka.ts'

const never = new AbortController().signal
let prefixes = 0

/** An embedded log that is about to be moved, and a place of its own in a Kafka. */
export class MigrationUnderTest {
  readonly dir = mkdtempSync(join(tmpdir(), 'migrate-'))
  readonly kafka: KafkaOptions
  readonly #opened: EventLog[] = []

  constructor(t: TestContext, brokers: readonly string[]) {
    const prefix = `migrate-${process.pid}-${++prefixes}`
    this.kafka = {
      brokers,
      prefix,
      createTopics: { replicationFactor: 1 },
      sessionTimeoutMs: 1_000,
      topicRefreshMs: 200,
    }
    t.after(async () => {
      for (const log of this.#opened) await log.close()
      rmSync(this.dir, { recursive: true })
    })
  }

  static async filled(t: TestContext, brokers: readonly string[], count = 300): Promise<MigrationUnderTest> {
    const under = new MigrationUnderTest(t, brokers)
    await fillEmbeddedLog(under.dir, count)
    return under
  }

  migrate(
    deps: Partial<MigrationDeps> = {},
    dryRun = false,
    changes: Partial<KafkaOptions> = {},
  ): Promise<MigrationReport> {
    const kafka = { ...this.kafka, ...changes }
    return migrateToKafka({ dir: this.dir, kafka, dryRun }, { clock: systemClock, ...deps }, never)
  }

  /** A process with the log on Kafka. */
  open(): EventLog {
    const log = openKafkaLog(this.kafka, { clock: systemClock })
    this.#opened.push(log)
    return log
  }

  topic(foundation: string): string {
    return `${this.kafka.prefix}.events.${foundation}`
  }

  /** What the embedded log holds, by nobody's code but SQLite's. */
  rows(sql: string, ...values: readonly (string | number)[]): readonly Record<string, unknown>[] {
    const database = new DatabaseSync(join(this.dir, 'log.db'), { readOnly: true })
    try {
      return database.prepare(sql).all(...values)
    } finally {
      database.close()
    }
  }

  /** As when the process died just before it marked the end. */
  unfinish(): void {
    const database = new DatabaseSync(join(this.dir, 'log.db'))
    database.exec('UPDATE moved SET finished_at = NULL')
    database.close()
  }

  guids(foundation: string, where = '1 = 1'): readonly string[] {
    const sql = `SELECT guid FROM events WHERE foundation = ? AND ${where} ORDER BY offset`
    return this.rows(sql, foundation).map(({ guid }) => String(guid))
  }

  /** As `kcat -f '%k%R%s' | sha256sum` says of the topic. */
  digestByKcat(foundation: string): string {
    const args = ['-b', this.kafka.brokers.join(','), '-C', '-t', this.topic(foundation), '-o', 'beginning']
    const options = ['-e', '-q', '-X', 'isolation.level=read_committed', '-f', '%k%R%s']
    const out = execFileSync('kcat', [...args, ...options], {
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return createHash('sha256').update(out).digest('hex')
  }

  /** The same of the embedded log. */
  digestBySqlite(foundation: string): string {
    const hash = createHash('sha256')
    const sql = 'SELECT guid, record FROM events WHERE foundation = ? ORDER BY offset'
    for (const { guid, record } of this.rows(sql, foundation)) {
      const bytes = record instanceof Uint8Array ? record : null
      const length = Buffer.alloc(4)
      length.writeInt32BE(bytes?.length ?? -1)
      hash.update(String(guid)).update(length)
      if (bytes !== null) hash.update(bytes)
    }
    return hash.digest('hex')
  }
}

/** The guids a sink is given, by foundation, until `count` have come; they are settled. */
export async function deliveredTo(
  log: EventLog,
  sink: string,
  count: number,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const source = log.source(sink, { batchMax: 50 })
  const given = new Map<string, string[]>()
  const giveUp = AbortSignal.timeout(30_000)
  await source.connect(giveUp)
  for (let had = 0; had < count; ) {
    const delivery = await source.read(giveUp)
    for (const { foundation, guid } of delivery?.batch ?? []) {
      given.set(foundation, [...(given.get(foundation) ?? []), guid])
      had++
    }
    await delivery?.settle()
  }
  await source.close()
  return given
}

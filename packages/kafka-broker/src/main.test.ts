import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { skipWithoutKafka } from './skip-without-kafka.ts'
import { skipIfGiven } from './testing/skip-if-given.ts'
import { skipInDocker } from './testing/skip-in-docker.ts'
import { until } from './until.ts'

/** `npm run kafka` without npm. */
class Main {
  out = ''
  err = ''
  end: number | string | null = null
  readonly process: ChildProcess

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    this.process = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { env })
    this.process.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.out += chunk
    })
    this.process.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.err += chunk
    })
    this.process.once('close', (code, signal) => {
      this.end = code ?? signal
    })
  }

  async ended(): Promise<void> {
    await until('the program ends', () => this.end !== null, 20_000)
  }

  /** The id and the words of its JVM, when it has said that Kafka runs. */
  async jvm(): Promise<{ readonly pid: number; readonly words: readonly string[] }> {
    await until('Kafka is ready', () => this.err.includes('-L lists') || this.end !== null, 120_000)
    const pid = Number(/as process (\d+)/.exec(this.err)?.[1])
    assert.ok(pid > 0, `${this.out}${this.err}`)
    return { pid, words: wordsOf(pid) }
  }
}

/** Its command line; empty when there is no such process, or a dead one that nobody has buried yet. */
function wordsOf(pid: number): readonly string[] {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return words.includes('kafka.Kafka') ? words : []
  } catch {
    return []
  }
}

function dataFolderOf(words: readonly string[]): string {
  const file = words.find(word => word.endsWith('/node-1/server.properties'))
  assert.ok(file, words.join(' '))
  return dirname(dirname(file))
}

const addressLine = /^KAFKA_BROKERS=127\.0\.0\.1:\d+\n$/

test('npm run kafka prints one line, and leaves neither process nor data after SIGTERM', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t) || skipInDocker(t)) return
  const main = new Main([])
  t.after(() => main.process.kill('SIGKILL'))
  const { pid, words } = await main.jvm()
  const folder = dataFolderOf(words)
  assert.ok(existsSync(join(folder, 'node-1', 'data')), folder)
  main.process.kill('SIGTERM')
  await main.ended()
  assert.match(main.out, addressLine)
  assert.equal(main.end, 0)
  assert.deepEqual(wordsOf(pid), [])
  assert.equal(existsSync(folder), false)
})

test('no JVM outlives the process that started it, even one that was killed', async t => {
  if (skipWithoutKafka(t) || skipIfGiven(t) || skipInDocker(t)) return
  const main = new Main([])
  t.after(() => main.process.kill('SIGKILL'))
  const { pid, words } = await main.jvm()
  assert.ok(words.length > 0)
  t.after(async () => {
    if (wordsOf(pid).length > 0) process.kill(pid, 'SIGKILL')
    await rm(dataFolderOf(words), { recursive: true, force: true })
  })
  main.process.kill('SIGKILL')
  await main.ended()
  await until('the JVM is gone', () => wordsOf(pid).length === 0, 5000)
})

test('without java and mvn it says how to get a Kafka', async t => {
  if (skipInDocker(t)) return
  const main = new Main([], { PATH: '' })
  await main.ended()
  assert.equal(main.end, 1)
  assert.equal(main.out, '')
  assert.match(
    main.err,
    /^there is no Kafka here: java and mvn not on PATH\. Either apt-get install default-jre-headless maven .*KAFKA_BROKERS=host:port/,
  )
})

test('the brokers that KAFKA_BROKERS names are used as they are', async () => {
  const main = new Main([], { PATH: '', KAFKA_BROKERS: 'kafka-1.example:9092, kafka-2.example:9092' })
  await main.ended()
  assert.equal(main.end, 0)
  assert.equal(main.out, 'KAFKA_BROKERS=kafka-1.example:9092,kafka-2.example:9092\n')
})

test('KAFKA_BROKERS without a port is refused', async () => {
  const main = new Main([], { PATH: '', KAFKA_BROKERS: 'kafka.example' })
  await main.ended()
  assert.equal(main.end, 1)
  assert.match(main.err, /KAFKA_BROKERS: "kafka\.example" is not host:port/)
})

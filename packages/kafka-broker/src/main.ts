import { parseArgs } from 'node:util'
import { systemClock } from '@cf-audit-drain/pipeline'
import { archiveClasses } from './class-archive.ts'
import type { KafkaCluster } from './contract.ts'
import { findJars } from './find-kafka.ts'
import { prepareJvm, startKafka } from './start-kafka.ts'

const usage = `npm run kafka -- [options]

Starts a Kafka for development: prints KAFKA_BROKERS=host:port when it is ready, and ends with Ctrl-C.

  --data DIR    keep the data here (default: a fresh folder, removed in the end)
  --port PORT   for clients (default: a free one)
  --fetch-only  only fetch the jars, unless they are here, and archive the classes of a broker: later ones start faster
  --help`

const parsed = {
  data: { type: 'string' },
  port: { type: 'string' },
  'fetch-only': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

const hint = (text: string) => process.stderr.write(`${text}\n`)

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())

async function main(): Promise<void> {
  const { values } = parseArgs({ options: parsed })
  if (values.help) {
    process.stdout.write(`${usage}\n`)
    return
  }
  if (values['fetch-only']) {
    await fetchOnly()
    return
  }
  const cluster = await startKafka({
    ...(values.data === undefined ? {} : { folder: values.data }),
    ...(values.port === undefined ? {} : { ports: [portNumber(values.port)] }),
    signal: stop.signal,
  })
  try {
    process.stdout.write(`KAFKA_BROKERS=${cluster.brokers.join(',')}\n`)
    await untilStopped(cluster)
  } finally {
    await cluster.stop()
  }
}

function portNumber(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new Error(`--port ${text}: not a port; write a number from 1 to 65535`)
}

async function fetchOnly(): Promise<void> {
  if (process.env['KAFKA_BROKERS']) {
    hint('KAFKA_BROKERS is set: nothing to fetch')
    return
  }
  const source = findJars()
  if (source.kind === 'missing') throw new Error(source.why)
  const jvm = await prepareJvm(source, stop.signal)
  await archiveClasses(jvm, stop.signal)
  hint(`the jars of Kafka are in ${jvm.jars}`)
}

async function untilStopped(cluster: KafkaCluster): Promise<void> {
  if (!cluster.isOurs) {
    hint('KAFKA_BROKERS is set: nothing was started')
    return
  }
  hint(`Kafka runs as process ${cluster.broker(0).pid}; Ctrl-C ends it`)
  hint(`kcat -b ${cluster.brokers[0]} -L lists its topics`)
  while (cluster.broker(0).pid !== null) await systemClock.sleep(500, stop.signal)
  throw new Error('Kafka has ended by itself; its log is in node-1/kafka.log of the folder named with --data')
}

try {
  await main()
} catch (error) {
  if (!stop.signal.aborted) {
    hint((error as Error).message)
    process.exitCode = 1
  }
}

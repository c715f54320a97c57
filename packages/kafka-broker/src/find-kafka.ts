import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { hasTestcontainers } from './docker-engine.ts'

/** Where a Kafka for development comes from. */
export type KafkaSource =
  | { readonly kind: 'given'; readonly brokers: readonly string[] }
  /** Somebody installed what Docker takes; whether there is one shows when it is asked. */
  | { readonly kind: 'docker'; readonly otherwise: JarsSource | MissingSource }
  | JarsSource
  | MissingSource

export interface JarsSource {
  readonly kind: 'jars'
  readonly java: string
  readonly mvn: string
}

export interface MissingSource {
  readonly kind: 'missing'
  readonly why: string
}

/** The first of the sources that is there. Looks at the environment, node_modules and PATH only. */
export function findKafka(): KafkaSource {
  const given = process.env['KAFKA_BROKERS']?.trim()
  if (given) return { kind: 'given', brokers: addresses(given) }
  return hasTestcontainers() ? { kind: 'docker', otherwise: findJars() } : findJars()
}

/** The official jars on a JVM of this machine. */
export function findJars(): JarsSource | MissingSource {
  const java = onPath('java')
  const mvn = onPath('mvn')
  if (java && mvn) return { kind: 'jars', java, mvn }
  const lacking = [java ? '' : 'java', mvn ? '' : 'mvn'].filter(name => name !== '').join(' and ')
  return {
    kind: 'missing',
    why:
      `there is no Kafka here: ${lacking} not on PATH. ` +
      'Either apt-get install default-jre-headless maven (Java 17 or later), or set KAFKA_BROKERS=host:port of one that runs',
  }
}

/** Why there is no Kafka here and how to get one, or null when there is one. Looks at the environment, node_modules and PATH only. */
export function kafkaMissing(): string | null {
  const source = findKafka()
  return source.kind === 'missing' ? source.why : null
}

function addresses(given: string): readonly string[] {
  const brokers = given.split(',').map(address => address.trim())
  for (const broker of brokers)
    if (!/^\S+:\d+$/.test(broker))
      throw new Error(`KAFKA_BROKERS: "${broker}" is not host:port; write host:port,host:port`)
  return brokers
}

function onPath(program: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, program)
    if (folder !== '' && isProgram(file)) return file
  }
  return null
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

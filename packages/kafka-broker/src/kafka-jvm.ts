import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'

/** How to run a class of the Kafka jars. */
export interface KafkaJvm {
  readonly java: string
  readonly jars: string
  /** Of the brokers' JVMs, beside ours. */
  readonly flags: readonly string[]
}

const oldestJava = 17

/** Throws when this `java` is too old for Kafka 4. */
export async function checkJava(java: string, signal?: AbortSignal): Promise<void> {
  const text = await runProgram(java, ['-version'], 30_000, signal)
  const major = Number(/version "(\d+)/.exec(text)?.[1])
  if (!(major >= oldestJava))
    throw new Error(
      `${java} is Java ${major || text}; Kafka 4 needs ${oldestJava} or later: apt-get install default-jre-headless`,
    )
}

/** Of a broker: small and quick to start rather than fast. */
const brokerFlags = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:+ExitOnOutOfMemoryError']
const logFlags = [
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
]

export function brokerArgs({ jars, flags }: KafkaJvm, propertiesFile: string): readonly string[] {
  return [...brokerFlags, ...logFlags, ...flags, '-cp', join(jars, '*'), 'kafka.Kafka', propertiesFile]
}

/** What a data folder has to hold before a broker starts on it for the first time. */
export interface NewStorage {
  readonly propertiesFile: string
  /** `log.dirs` of these properties. */
  readonly dataFolder: string
  readonly clusterId: string
  readonly nodeId: number
  /** Further arguments of `kafka-storage format`. */
  readonly others: readonly string[]
}

/**
 * By `kafka-storage format`, whose JVM takes most of a second of a processor; where nothing but names tells one storage from
 * another, what it has written once is copied.
 */
export async function formatStorage(jvm: KafkaJvm, storage: NewStorage, signal?: AbortSignal): Promise<void> {
  const { dataFolder, others } = storage
  const kept = `${jvm.jars}.bootstrap.checkpoint`
  const made = join(dataFolder, 'bootstrap.checkpoint')
  if (others.length === 0 && existsSync(kept)) {
    await copyFile(kept, made)
    // Whole or not at all: a folder that has it counts as formatted.
    const meta = join(dataFolder, 'meta.properties')
    await writeFile(`${meta}.making`, metaProperties(storage))
    await rename(`${meta}.making`, meta)
    return
  }
  await runStorageTool(jvm, storage, signal)
  if (others.length > 0) return
  const making = `${kept}.${process.pid}-${randomUUID()}`
  // Where jars lie in a folder that is not ours to write to, each is made anew.
  await copyFile(made, making)
    .then(() => rename(making, kept))
    .catch(() => undefined)
}

/** As Kafka 4 writes it: https://github.com/apache/kafka, metadata/properties/MetaProperties.java. */
function metaProperties({ clusterId, nodeId }: NewStorage): string {
  const directoryId = randomBytes(16).toString('base64url')
  return `version=1\ncluster.id=${clusterId}\nnode.id=${nodeId}\ndirectory.id=${directoryId}\n`
}

async function runStorageTool(
  { java, jars }: KafkaJvm,
  { propertiesFile, clusterId, others }: NewStorage,
  signal?: AbortSignal,
): Promise<void> {
  const flags = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(jars, '*')]
  const command = [
    'kafka.tools.StorageTool',
    'format',
    `--cluster-id=${clusterId}`,
    '-c',
    propertiesFile,
    ...others,
  ]
  await runProgram(java, [...flags, ...command], 60_000, signal)
}

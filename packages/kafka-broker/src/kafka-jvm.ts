import { join } from 'node:path'
import { runProgram } from './run-program.ts'

/** How to run a class of the Kafka jars. */
export interface KafkaJvm {
  readonly java: string
  readonly jars: string
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

export function brokerArgs({ jars }: KafkaJvm, propertiesFile: string): readonly string[] {
  return [...brokerFlags, ...logFlags, '-cp', join(jars, '*'), 'kafka.Kafka', propertiesFile]
}

/** Writes what a data folder has to hold before a broker starts on it for the first time. */
export async function formatStorage(
  { java, jars }: KafkaJvm,
  [propertiesFile, ...others]: readonly [string, ...string[]],
  clusterId: string,
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

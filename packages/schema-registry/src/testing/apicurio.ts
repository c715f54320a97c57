import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { until } from '@cf-audit-drain/kafka-broker'
import { checkJava, findJars, freePorts, GuardedProcess } from '@cf-audit-drain/kafka-broker/testing/jvm'
import { deadline } from '@cf-audit-drain/pipeline'
import { apicurioJar, fetchApicurio } from './apicurio-files.ts'

/** A schema registry that is none of ours, in memory: what it held is gone when it ends. */
export interface Apicurio {
  /** The root of its API as Confluent has it. */
  readonly url: string
  /** Kills it and starts it again at the same place, empty. */
  wipe(): Promise<void>
  stop(): Promise<void>
}

const startMs = 120_000
const flags = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:+ExitOnOutOfMemoryError']

/** Why there is no Apicurio here and how to get it, or null when there is. */
export function apicurioMissing(): string | null {
  const found = findJars()
  return found.kind === 'jars'
    ? null
    : 'Apicurio Registry needs Java 17 or later and Maven: apt-get install default-jre-headless maven'
}

/** True, after skipping aloud, when there is none; with REQUIRE_PEERS=1 the test fails instead. */
export function skipWithoutApicurio(t: TestContext): boolean {
  const why = apicurioMissing()
  if (why === null) return false
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(`REQUIRE_PEERS=1, but ${why}`)
  t.skip(why)
  return true
}

export async function startApicurio(signal?: AbortSignal): Promise<Apicurio> {
  const found = findJars()
  if (found.kind !== 'jars') throw new Error(apicurioMissing() ?? found.why)
  await checkJava(found.java, signal)
  const distribution = await fetchApicurio(found.mvn, signal)
  const folder = await mkdtemp(join(tmpdir(), 'apicurio-'))
  const [port = 0] = await freePorts(1)
  const logFile = join(folder, 'apicurio.log')
  const begin = () =>
    new GuardedProcess({
      command: found.java,
      args: [
        ...flags,
        `-Dquarkus.http.port=${port}`,
        '-Dquarkus.http.host=127.0.0.1',
        '-jar',
        apicurioJar(distribution),
      ],
      folder,
      logFile,
    })
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  let running = begin()
  await untilReady(url, () => running.end, logFile)
  return {
    url,
    async wipe() {
      await running.kill()
      running = begin()
      await untilReady(url, () => running.end, logFile)
    },
    async stop() {
      await running.kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function untilReady(url: string, end: () => unknown, logFile: string): Promise<void> {
  const answers = async () => {
    if (end() !== null)
      throw new Error(`Apicurio ended with ${end()}: ${(await readFile(logFile, 'utf8')).slice(-2000)}`)
    const answer = await fetch(`${url}/subjects`, { signal: deadline(2_000) }).catch(() => null)
    return answer?.status === 200
  }
  await until(`Apicurio answers at ${url}`, answers, startMs)
}

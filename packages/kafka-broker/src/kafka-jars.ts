import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from './run-program.ts'

export const kafkaVersion = '4.3.1'
const wanted = [
  { groupId: 'org.apache.kafka', artifactId: 'kafka_2.13', version: kafkaVersion },
  { groupId: 'org.slf4j', artifactId: 'slf4j-simple', version: '1.7.36' },
]
const fetchMs = 300_000

/** Outside the tree, for every checkout of this user. */
export function jarsFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(cache, 'cf-audit-drain', `kafka-${kafkaVersion}`)
}

/**
 * The folder with the official jars of Kafka and all they need. Maven copies them the first time, into a folder that gets
 * its name when it is whole: of two processes that do so at once, one finds the other's.
 */
export async function fetchKafkaJars(mvn: string, signal?: AbortSignal): Promise<string> {
  const folder = jarsFolder()
  if (existsSync(folder)) return folder
  const parent = join(folder, '..')
  await mkdir(parent, { recursive: true })
  const workFolder = await mkdtemp(join(parent, 'fetching-'))
  try {
    await copyJars(mvn, workFolder, signal)
    await rename(join(workFolder, 'jars'), folder)
  } catch (error) {
    if (!existsSync(folder)) throw new Error(`cannot fetch the jars of Kafka: ${(error as Error).message}`)
  } finally {
    await rm(workFolder, { recursive: true, force: true })
  }
  return folder
}

async function copyJars(mvn: string, workFolder: string, signal: AbortSignal | undefined): Promise<void> {
  const pom = join(workFolder, 'pom.xml')
  const jars = join(workFolder, 'jars')
  await writeFile(pom, projectModel())
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies']
  await runProgram(mvn, [...args, '-DincludeScope=runtime', `-DoutputDirectory=${jars}`], fetchMs, signal)
  for (const { artifactId, version } of wanted)
    if (!existsSync(join(jars, `${artifactId}-${version}.jar`)))
      throw new Error(`mvn ended well, but copied no ${artifactId}-${version}.jar`)
}

function projectModel(): string {
  const coordinates = ({ groupId, artifactId, version }: (typeof wanted)[number]) =>
    `<groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version>`
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  ${coordinates({ groupId: 'cf-audit-drain', artifactId: 'kafka-jars', version: '1' })}
  <dependencies>
${wanted.map(jar => `    <dependency>${coordinates(jar)}</dependency>\n`).join('')}  </dependencies>
  <build><plugins>
    <plugin>${coordinates({ groupId: 'org.apache.maven.plugins', artifactId: 'maven-dependency-plugin', version: '3.8.1' })}</plugin>
  </plugins></build>
</project>
`
}

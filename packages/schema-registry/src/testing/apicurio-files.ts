import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from '@cf-audit-drain/kafka-broker/testing/jvm'

/** The newest that runs on Java 17; those after it need 21. */
export const apicurioVersion = '2.6.13.Final'
const coordinates = {
  groupId: 'io.apicurio',
  artifactId: 'apicurio-registry-app',
  version: apicurioVersion,
  type: 'tar.gz',
  classifier: 'all',
}
const fetchMs = 420_000

/** Outside the tree, for every checkout of this user. */
export function apicurioFolder(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(cache, 'cf-audit-drain', `apicurio-${apicurioVersion}`)
}

export function apicurioJar(folder: string): string {
  return join(folder, `apicurio-registry-app-${apicurioVersion}-runner.jar`)
}

/**
 * The folder with the distribution of Apicurio Registry as it lies on Maven Central. Maven unpacks it the first time, into a folder
 * that gets its name when it is whole: of two processes that do so at once, one finds the other's.
 */
export async function fetchApicurio(mvn: string, signal?: AbortSignal): Promise<string> {
  const folder = apicurioFolder()
  if (existsSync(folder)) return folder
  const parent = join(folder, '..')
  await mkdir(parent, { recursive: true })
  const workFolder = await mkdtemp(join(parent, 'fetching-'))
  try {
    const pom = join(workFolder, 'pom.xml')
    const unpacked = join(workFolder, 'unpacked')
    await writeFile(pom, projectModel(unpacked))
    await runProgram(mvn, ['-q', '-B', '-f', pom, 'dependency:unpack'], fetchMs, signal)
    if (!existsSync(apicurioJar(unpacked)))
      throw new Error(`mvn ended well, but unpacked ${(await readdir(unpacked)).join(', ') || 'nothing'}`)
    await rename(unpacked, folder)
  } catch (error) {
    if (!existsSync(folder)) throw new Error(`cannot fetch Apicurio Registry: ${(error as Error).message}`)
  } finally {
    await rm(workFolder, { recursive: true, force: true })
  }
  return folder
}

function projectModel(unpacked: string): string {
  const elements = (all: Readonly<Record<string, string>>) =>
    Object.entries(all)
      .map(([name, value]) => `<${name}>${value}</${name}>`)
      .join('')
  const own = { groupId: 'cf-audit-drain', artifactId: 'apicurio', version: '1', packaging: 'pom' }
  const plugin = {
    groupId: 'org.apache.maven.plugins',
    artifactId: 'maven-dependency-plugin',
    version: '3.8.1',
  }
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  ${elements(own)}
  <build><plugins><plugin>${elements(plugin)}<configuration>
    <artifactItems><artifactItem>${elements(coordinates)}</artifactItem></artifactItems>
    <outputDirectory>${unpacked}</outputDirectory>
  </configuration></plugin></plugins></build>
</project>
`
}

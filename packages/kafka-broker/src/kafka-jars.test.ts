import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { fetchKafkaJars, jarsFolder } from './kafka-jars.ts'

const cacheBefore = process.env['XDG_CACHE_HOME']
const folders: string[] = []
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-jars-test-'))
  folders.push(folder)
  process.env['XDG_CACHE_HOME'] = folder
})

after(async () => {
  if (cacheBefore === undefined) delete process.env['XDG_CACHE_HOME']
  else process.env['XDG_CACHE_HOME'] = cacheBefore
  for (const one of folders) await rm(one, { recursive: true, force: true })
})

/** A program in Maven's place, which notes each time it runs. */
async function falseMaven(copy: string): Promise<string> {
  const file = join(folder, 'mvn')
  await writeFile(
    file,
    `#!/bin/sh
echo run >>"${folder}/runs"
for word; do case $word in -DoutputDirectory=*) jars=\${word#*=};; esac; done
mkdir "$jars"
${copy}
`,
  )
  await chmod(file, 0o755)
  return file
}

const copyBoth = 'echo jar >"$jars/kafka_2.13-4.3.1.jar"; echo jar >"$jars/slf4j-simple-1.7.36.jar"'

test('two that fetch at once find one whole folder, and a later one fetches nothing', async () => {
  const mvn = await falseMaven(`until [ "$(wc -l <"${folder}/runs")" -ge 2 ]; do :; done; ${copyBoth}`)
  const found = await Promise.all([fetchKafkaJars(mvn), fetchKafkaJars(mvn)])
  assert.deepEqual(found, [jarsFolder(), jarsFolder()])
  assert.equal(await fetchKafkaJars(mvn), jarsFolder())
  assert.equal(await readFile(join(folder, 'runs'), 'utf8'), 'run\nrun\n')
  assert.deepEqual(await readdir(dirname(jarsFolder())), ['kafka-4.3.1'])
  assert.equal((await readdir(jarsFolder())).length, 2)
})

test('what Maven says when it fails is said, and nothing half done stays', async () => {
  const mvn = await falseMaven('echo "no such artifact"; exit 1')
  await assert.rejects(fetchKafkaJars(mvn), { message: /cannot fetch the jars of Kafka: .*no such artifact/ })
  assert.deepEqual(await readdir(dirname(jarsFolder())), [])
})

test('a folder that lacks the broker is not taken for whole', async () => {
  const mvn = await falseMaven('echo jar >"$jars/slf4j-simple-1.7.36.jar"')
  await assert.rejects(fetchKafkaJars(mvn), { message: /copied no kafka_2\.13-4\.3\.1\.jar/ })
  assert.deepEqual(await readdir(dirname(jarsFolder())), [])
})

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { archiveClasses, archiveFlags } from './class-archive.ts'
import { findJars } from './find-kafka.ts'
import { startLocalCluster } from './local-cluster.ts'
import { skipWithoutKafka } from './skip-without-kafka.ts'
import { prepareJvm } from './start-kafka.ts'

test('a broker takes its classes and its new storage from one before it, and without one from the jars', async t => {
  const source = findJars()
  if (skipWithoutKafka(t)) return
  if (source.kind !== 'jars') return t.skip('java and mvn are needed, whatever Kafka the other tests use')
  const folder = mkdtempSync(join(tmpdir(), 'class-archive-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { java, jars } = await prepareJvm(source)
  const here = join(folder, 'jars')
  symlinkSync(jars, here)
  assert.deepEqual(archiveFlags(here), [])
  const keptStorage = `${here}.bootstrap.checkpoint`
  assert.ok(!existsSync(keptStorage))

  await archiveClasses({ java, jars: here, flags: [] })
  const data = join(folder, 'data')
  const flags = [...archiveFlags(here), '-Xlog:class+load']
  const cluster = await startLocalCluster({ java, jars: here, flags }, { folder: data })
  await cluster.stop()
  const log = readFileSync(join(data, 'node-1/kafka.log'), 'utf8')
  assert.deepEqual(readFileSync(join(data, 'node-1/data/bootstrap.checkpoint')), readFileSync(keptStorage))
  assert.match(log, /kafka\.server\.KafkaConfig source: shared objects file/)
})

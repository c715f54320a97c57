import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { KafkaJvm } from './kafka-jvm.ts'
import { startLocalCluster } from './local-cluster.ts'

/** Beside the jars, because it is of no use to others. The JVM leaves one alone that another Java or other jars made. */
const archiveOf = (jars: string): string => `${jars}.jsa`

/** Flags for brokers, so that they need not parse and verify classes that somebody has archived: half the time of a start. */
export function archiveFlags(jars: string): readonly string[] {
  const archive = archiveOf(jars)
  return existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off'] : []
}

/** The JVM writes it when it ends, which takes 3 s, and on a busy machine ten times that. */
const archivingMs = 60_000

/** Starts a broker and has its JVM archive the classes that it has loaded, unless that was done before. */
export async function archiveClasses(jvm: KafkaJvm, signal?: AbortSignal): Promise<void> {
  const archive = archiveOf(jvm.jars)
  if (existsSync(archive)) return
  const making = `${archive}.${process.pid}`
  const flags = [`-XX:ArchiveClassesAtExit=${making}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
  const cluster = await startLocalCluster({ ...jvm, flags }, signal ? { signal } : {})
  try {
    await cluster.broker(0).stop(archivingMs)
    if (existsSync(making)) await rename(making, archive)
  } finally {
    await cluster.stop()
    await rm(making, { force: true })
  }
}

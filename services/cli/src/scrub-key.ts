import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Config } from '@cf-audit-drain/config'

export interface ScrubKey {
  readonly key: Uint8Array
  /** Just now, because there was none. */
  readonly made: boolean
}

/**
 * The key of the fingerprints that stand where secrets were: configured, or made on the first start and kept in the
 * folder of the log. Processes on several machines have to be given one key, or equal secrets look different.
 */
export function scrubKey(config: Config): ScrubKey {
  if (config.scrub.key) return { key: Buffer.from(config.scrub.key.reveal(), 'utf8'), made: false }
  return keptKey(config.log.dir)
}

const keyBytes = 32

/** @throws when the kept key is damaged: with another one, equal secrets would no longer have equal fingerprints. */
function keptKey(dir: string): ScrubKey {
  const path = join(dir, 'scrub.key')
  const kept = readIfThere(path)
  const key = Buffer.from((kept ?? make(path)).trim(), 'hex')
  if (key.length !== keyBytes)
    throw new Error(
      `${path} does not hold a key of ${keyBytes * 2} hexadecimal digits: restore it from a backup, or delete it ` +
        'to have a new one made (the same secret then has another fingerprint than before)',
    )
  return { key, made: kept === null }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Whole or not at all: written under another name, then linked, so that a crash leaves no half key. */
function make(path: string): string {
  makeFolder(dirname(path))
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${randomBytes(keyBytes).toString('hex')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(path, 'utf8')
}

/** The embedded log has made it already; with a log on Kafka nobody has. */
function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

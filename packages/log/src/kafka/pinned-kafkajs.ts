import { createRequire } from 'node:module'

/** What our guards replace, and what we reach into, was read in the source of this version and of no other. */
export const pinnedVersion = '2.2.4'

const load = createRequire(import.meta.url)

/** A file of kafkajs by its path inside the package, without types: give it one that was read in its source. */
export function fromKafkajs(path: string): unknown {
  return load(`kafkajs/${path}`)
}

/** Lets kafkajs find `exports` where it has its own file at `path`. Only while nothing of kafkajs has loaded that file. */
export function putIntoKafkajs(path: string, exports: unknown): void {
  const filename = load.resolve(`kafkajs/${path}`)
  if (filename in load.cache)
    throw new Error(
      `kafkajs/${path} was loaded before it could be replaced: take kafkajs from kafkajs-door.ts only`,
    )
  load(filename)
  const loaded: NodeJS.Module | undefined = load.cache[filename]
  if (!loaded) throw new Error(`kafkajs/${path} is not in the module cache after it was loaded`)
  loaded.exports = exports
}

export function checkVersion(found: unknown): void {
  if (found === pinnedVersion) return
  throw new Error(
    `kafkajs ${String(found)} is installed, but the guards of this package were written against ${pinnedVersion}. ` +
      `Install kafkajs ${pinnedVersion}, or read the new source and adapt packages/log/src/kafka`,
  )
}

checkVersion((fromKafkajs('package.json') as { readonly version?: unknown }).version)

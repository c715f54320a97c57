import { readFileSync } from 'node:fs'
import { type Config, loadConfig, renderFaults } from '@cf-audit-drain/config'
import type { Arguments } from './arguments.ts'

/** The configuration has faults; the message names all of them. Nothing was connected. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError'
}

/** @throws ConfigurationError */
export function readConfiguration(
  given: Arguments,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const readFile = (path: string) => readFileSync(path, 'utf8')
  const loaded = loadConfig({ file: configFile(given.config), env, args: given.overrides, readFile })
  if ('faults' in loaded) throw new ConfigurationError(renderFaults(loaded.faults).trimEnd())
  return loaded.config
}

function configFile(path: string | undefined) {
  if (path === undefined) return undefined
  try {
    return { path, text: readFileSync(path, 'utf8') }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'ENOENT' ? 'there is no such file' : (error as Error).message
    throw new ConfigurationError(`--config ${path}: ${why}; name a YAML file (docs/reference/config.md)`)
  }
}

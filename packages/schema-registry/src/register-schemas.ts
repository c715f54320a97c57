import { releasedSchemas } from '@cf-audit-drain/event'
import type { RegistryClient } from './registry-client.ts'
import { RegistryError } from './registry-error.ts'
import { isStrictEnough, subjectOf, wantedLevel } from './subject.ts'

export interface RegisterOptions {
  readonly topics: readonly string[]
  /** Only say what would be done. */
  readonly dryRun: boolean
}

/** `same`: there already; `failed`: the registry does not take it. */
export interface RegisterStep {
  readonly did: 'same' | 'done' | 'to-do' | 'failed'
  readonly text: string
}

/**
 * Registers every released schema under the subject of each topic, oldest first, so that their versions there count up as ours
 * do, and has the subject keep out what could not read all of them. The second time it does nothing.
 */
export async function* registerSchemas(
  client: RegistryClient,
  { topics, dryRun }: RegisterOptions,
  signal: AbortSignal,
): AsyncGenerator<RegisterStep> {
  for (const topic of topics) {
    const subject = subjectOf(topic)
    yield await setLevel(client, subject, dryRun, signal)
    for (const { version, text } of releasedSchemas()) {
      const id = await client.idOf(subject, text, signal)
      const what = `schema ${version} under ${subject}`
      if (id !== null) yield { did: 'same', text: `${what} has the id ${id}` }
      else if (dryRun) yield { did: 'to-do', text: `register ${what}` }
      else yield await register(client, subject, text, what, signal)
    }
  }
}

async function setLevel(
  client: RegistryClient,
  subject: string,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<RegisterStep> {
  const level = await client.level(subject, signal)
  if (isStrictEnough(level)) return { did: 'same', text: `${subject} is ${level}` }
  const text = `${subject} becomes ${wantedLevel}, from ${level ?? 'the level of the registry'}`
  if (dryRun) return { did: 'to-do', text }
  await client.setLevel(subject, wantedLevel, signal)
  return { did: 'done', text }
}

async function register(
  client: RegistryClient,
  subject: string,
  schema: string,
  what: string,
  signal: AbortSignal,
): Promise<RegisterStep> {
  try {
    return { did: 'done', text: `${what} has the id ${await client.register(subject, schema, signal)}` }
  } catch (error) {
    if (!(error instanceof RegistryError) || error.kind !== 'rejected') throw error
    return {
      did: 'failed',
      text: `${what}: ${error.message}; a schema that is not ours stands there (cf-audit-drain schemas check says which): take it out, or use another log.kafka.prefix`,
    }
  }
}

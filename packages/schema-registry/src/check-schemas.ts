import { readingObstacle, releasedSchemas, schemaFingerprint } from '@cf-audit-drain/event'
import type { RegistryClient } from './registry-client.ts'
import { isStrictEnough, subjectOf, wantedLevel } from './subject.ts'

export interface SchemaFinding {
  /** `WARN`: works, but not as it should. */
  readonly verdict: 'ok' | 'WARN' | 'FAIL'
  readonly subject: string
  readonly text: string
}

const register = 'run cf-audit-drain schemas register'

/**
 * Compares what is registered under the subject of each topic with the released schemas. Changes nothing. By our own reading
 * of the schemas, since a subject without a level lets anything in, and by the registry's.
 */
export async function checkSchemas(
  client: RegistryClient,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<readonly SchemaFinding[]> {
  const found = []
  for (const topic of topics) found.push(...(await checkSubject(client, subjectOf(topic), signal)))
  return found
}

async function checkSubject(
  client: RegistryClient,
  subject: string,
  signal: AbortSignal,
): Promise<readonly SchemaFinding[]> {
  const versions = await client.versions(subject, signal)
  if (versions.length === 0)
    return [
      {
        verdict: 'WARN',
        subject,
        text: `nothing is registered, so events are Avro single objects: ${register}`,
      },
    ]
  const found = [
    await checkLevel(client, subject, signal),
    ...(await checkIds(client, subject, signal)),
    ...(await checkOthers(client, subject, versions, signal)),
  ].filter(one => one !== null)
  if (found.length > 0) return found
  const ours = releasedSchemas().map(({ version }) => version)
  return [
    { verdict: 'ok', subject, text: `schemas ${ours.join(', ')} are registered, each reads all before it` },
  ]
}

async function checkLevel(
  client: RegistryClient,
  subject: string,
  signal: AbortSignal,
): Promise<SchemaFinding | null> {
  const level = await client.level(subject, signal)
  if (isStrictEnough(level)) return null
  const text = `its level is ${level ?? 'that of the registry'}, so others could register what cannot read events there: ${register}, which makes it ${wantedLevel}`
  return { verdict: 'WARN', subject, text }
}

/** Each of ours: whether it is there, whether consumers are given it, and whether it would be let in. */
async function checkIds(
  client: RegistryClient,
  subject: string,
  signal: AbortSignal,
): Promise<readonly SchemaFinding[]> {
  const found: SchemaFinding[] = []
  for (const { version, text, fingerprint } of releasedSchemas()) {
    const id = await client.idOf(subject, text, signal)
    if (id === null) {
      const { isCompatible, reasons } = await client.compatibility(subject, text, signal)
      const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : ''
      found.push(
        isCompatible
          ? { verdict: 'WARN', subject, text: `schema ${version} is not registered: ${register}` }
          : {
              verdict: 'FAIL',
              subject,
              text: `schema ${version} is not registered and would be refused${why}`,
            },
      )
      continue
    }
    const given = await client.schemaById(id, signal)
    if (given === null || schemaFingerprint(given) !== fingerprint)
      found.push({
        verdict: 'FAIL',
        subject,
        text: `schema ${version} has the id ${id}, but for that id consumers are given ${given === null ? 'nothing' : 'another schema'}: at Apicurio see that the ids of the API are those of its content`,
      })
  }
  return found
}

/** What is registered there and is none of ours. */
async function checkOthers(
  client: RegistryClient,
  subject: string,
  versions: readonly number[],
  signal: AbortSignal,
): Promise<readonly SchemaFinding[]> {
  const ours = releasedSchemas()
  const newest = ours.at(-1)
  const found: SchemaFinding[] = []
  for (const version of versions) {
    const text = await client.schemaOf(subject, version, signal)
    if (text === null || newest === undefined) continue
    if (ours.some(({ fingerprint }) => fingerprint === schemaFingerprint(text))) continue
    const why = readingObstacle(newest.text, text)
    const not = `version ${version} there is no schema of this version of cf-audit-drain`
    found.push(
      why === null
        ? { verdict: 'WARN', subject, text: `${not}: is a newer one running?` }
        : { verdict: 'FAIL', subject, text: `${not}, and ours cannot read it (${why}): who registered it?` },
    )
  }
  return found
}

import avsc from 'avsc'
import { auditEventSchemas } from './schema-files.ts'
import { singleObjectCodec } from './single-object.ts'

/** A published version of the schema of events. */
export interface ReleasedSchema {
  /** 1, 2, 3 … */
  readonly version: number
  /** JSON without needless spaces. */
  readonly text: string
  /** Of its parsing canonical form, in hex as it stands in single objects and in the header `schema` of records on Kafka. */
  readonly fingerprint: string
}

/** Oldest first. */
export function releasedSchemas(): readonly ReleasedSchema[] {
  return auditEventSchemas().map((text, i) => ({
    version: i + 1,
    text: JSON.stringify(JSON.parse(text)),
    fingerprint: singleObjectCodec([text]).fingerprint,
  }))
}

/** Of any schema: two with the same fingerprint are the same to whoever decodes. Null for a text that is no schema. */
export function schemaFingerprint(text: string): string | null {
  try {
    return singleObjectCodec([text]).fingerprint
  } catch {
    return null
  }
}

/** Why a reader with `newer` could not read what `older` wrote, or one of them is no schema; null when it can. */
export function readingObstacle(newer: string, older: string): string | null {
  try {
    parsed(newer).createResolver(parsed(older))
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const parsed = (text: string) => avsc.Type.forSchema(JSON.parse(text))

import type { IdOf } from './wire-format.ts'

/**
 * Where a writer has the ids of schemas from (`@cf-audit-drain/schema-registry`). With them events are written in Confluent's
 * wire format; without them, or while an id is not known, as Avro single objects. Nothing here waits.
 */
export interface SchemaIds {
  /** Of the schema under the subject of this topic; null: not known. Asked for every event. */
  idOf(topic: string, fingerprint: string): number | null
  /** What is to be kept beside the events of this topic, for a start without a registry; null: what is kept stays. */
  kept(topic: string): KeptSchemaIds | null
  /** Told once a writer has opened: what the last one kept. */
  recall(topic: string, kept: KeptSchemaIds): void
}

/** A record of the state topic. */
export interface KeptSchemaIds {
  /** The registry that the ids are of: elsewhere they mean something else. */
  readonly registry: string
  /** By fingerprint. */
  readonly ids: Readonly<Record<string, number>>
}

export function isKeptSchemaIds(value: unknown): value is KeptSchemaIds {
  const kept = value as Partial<KeptSchemaIds> | null
  return (
    typeof kept?.registry === 'string' &&
    typeof kept.ids === 'object' &&
    kept.ids !== null &&
    Object.values(kept.ids).every(id => Number.isInteger(id) && id >= 0 && id <= 0x7fff_ffff)
  )
}

export function idsOfTopic(ids: SchemaIds | null, topic: string): IdOf {
  return ids === null ? () => null : fingerprint => ids.idOf(topic, fingerprint)
}

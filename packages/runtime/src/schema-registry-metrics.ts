import { Gauge, type Registry } from 'prom-client'

/** What a process that writes in Confluent's wire format tells of its schema registry. */
export interface SchemaRegistryMetrics {
  reachable(yes: boolean): void
  /** Released schemas without an id: events of these are written as Avro single objects. */
  missing(foundation: string, schemas: number): void
}

export function createSchemaRegistryMetrics(registry: Registry): SchemaRegistryMetrics {
  const registers = [registry]
  const up = new Gauge({
    name: 'cf_audit_schema_registry_up',
    help: '1 when the schema registry gave what was asked the last time, else 0. Nothing waits for it.',
    registers,
  })
  const missing = new Gauge({
    name: 'cf_audit_schema_ids_missing',
    help: 'Schemas of events without an id of the schema registry: their events are written as Avro single objects.',
    labelNames: ['foundation'],
    registers,
  })
  return {
    reachable: yes => up.set(yes ? 1 : 0),
    missing: (foundation, schemas) => missing.set({ foundation }, schemas),
  }
}

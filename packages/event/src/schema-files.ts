import { readFileSync } from 'node:fs'

/** Every published version, oldest first. A version is never edited; a change of shape is a new file and a new name here. */
const VERSIONS = ['audit-event.v1.avsc', 'audit-event.v2.avsc'] as const

/** The JSON texts of `schemas/`, oldest first. */
export function auditEventSchemas(): readonly string[] {
  return VERSIONS.map(name => readFileSync(new URL(`../schemas/${name}`, import.meta.url), 'utf8'))
}

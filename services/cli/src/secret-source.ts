import { readFileSync } from 'node:fs'
import { readSecretFile, type Secret } from '@cf-audit-drain/config'

/** A secret as whoever needs it asks for it: from its file, if it has one, as it is then. Throws what reading throws. */
export function secretSource(secret: Secret, file: string | null): () => string {
  return () => (file === null ? secret : readSecretFile(file, path => readFileSync(path, 'utf8'))).reveal()
}

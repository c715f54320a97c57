import { MigrationSource } from '../embedded/migration-source.ts'
import { EventDigest } from './event-digest.ts'
import { countsOf, type MovedFoundation } from './migrate-to-kafka.ts'

/**
 * What was carried to Kafka from the log in this folder, with the digest that Kafka had confirmed then: read from the file, which
 * nobody changes any more. Empty unless the move was finished.
 */
export function movedFoundations(dir: string): readonly MovedFoundation[] {
  const source = MigrationSource.openForReading(dir)
  try {
    if (source.moved === null || source.moved.finishedAtMs === null) return []
    return source.foundations().map(one => {
      const digest = new EventDigest()
      for (const batch of source.events(one)) for (const { guid, bytes } of batch) digest.add(guid, bytes)
      return { ...countsOf(one), before: 0, digest: digest.hex() }
    })
  } finally {
    source.close()
  }
}

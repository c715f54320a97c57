import type { TestContext } from 'node:test'
import { kafkaMissing } from './find-kafka.ts'

/** True, after skipping aloud, when there is no Kafka here; with REQUIRE_PEERS=1 the test fails instead. */
export function skipWithoutKafka(t: TestContext): boolean {
  const why = kafkaMissing()
  if (why === null) return false
  if (process.env['REQUIRE_PEERS'] === '1') throw new Error(`REQUIRE_PEERS=1, but ${why}`)
  t.skip(why)
  return true
}

/** For `skip` of a whole `describe`: why there is no Kafka here. False when there is one, and with REQUIRE_PEERS=1, so that it fails. */
export function reasonToSkipKafka(): string | false {
  return process.env['REQUIRE_PEERS'] === '1' ? false : (kafkaMissing() ?? false)
}

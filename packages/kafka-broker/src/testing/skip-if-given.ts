import type { TestContext } from 'node:test'

/** True, after skipping aloud, when KAFKA_BROKERS names the Kafka to use: what kills and stops needs one of our own. */
export function skipIfGiven(t: TestContext): boolean {
  if (!process.env['KAFKA_BROKERS']) return false
  t.skip('KAFKA_BROKERS is set, and this test stops brokers: unset it')
  return true
}

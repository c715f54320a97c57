import type { TestContext } from 'node:test'
import { findKafka } from '../find-kafka.ts'

/** True, after skipping aloud, when Kafka runs in Docker: what looks at the JVM needs one of this machine. */
export function skipInDocker(t: TestContext): boolean {
  if (findKafka().kind !== 'docker') return false
  t.skip(
    'testcontainers is installed, so Kafka runs in Docker, and this test looks at a JVM: npm ci takes it out',
  )
  return true
}

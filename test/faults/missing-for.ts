import { kafkaMissing } from '@cf-audit-drain/kafka-broker'
import { kcatMissing } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { isInstalled } from '@cf-audit-drain/syslog/testing/rsyslogd'
import type { Kind } from './kind.ts'

/** Why a kind cannot be run here and what would be needed; null when it can. */
export function missingFor(kind: Kind): string | null {
  const own = kind.missing?.() ?? null
  if (own !== null) return own
  if (kind.kafka) return kafkaMissing() ?? kcatMissing() ?? notOurs(kind)
  return isInstalled('sqlite3') ? null : 'the checker reads the log by sqlite3: apt-get install sqlite3'
}

function notOurs({ kafka }: Kind): string | null {
  if (kafka !== 'harmful' || !process.env['KAFKA_BROKERS']) return null
  return 'KAFKA_BROKERS names brokers that are not ours to kill: unset it'
}

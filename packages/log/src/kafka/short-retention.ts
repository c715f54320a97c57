import type { TopicSettings } from './topics.ts'

/** What Cloud Controller keeps its audit events for by default (`audit_events.cutoff_age_in_days`). */
const sourceKeepsDays = 31
const dayMs = 86_400_000

/** Why the wanted retention of events is too short, in a sentence; null when it is not. */
export function shortRetention({ retentionMs }: TopicSettings): string | null {
  if (retentionMs === undefined || retentionMs === null || retentionMs >= sourceKeepsDays * dayMs) return null
  return (
    `log.kafka.topics.retention is shorter than the ${sourceKeepsDays} days that Cloud Controller keeps its events: what Kafka ` +
    'has forgotten is no longer compared event by event but only counted, and an event that becomes visible there is not ' +
    `recorded; set it to ${sourceKeepsDays}d or more, or leave it out, which keeps events for ever`
  )
}

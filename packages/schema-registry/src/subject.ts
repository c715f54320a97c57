/** The subject of the values of a topic (Confluent's TopicNameStrategy, which consumers expect unless they are told). */
export function subjectOf(topic: string): string {
  return `${topic}-value`
}

/** Each newer schema reads what all older ones wrote. */
export const wantedLevel = 'BACKWARD_TRANSITIVE'

/** A level that keeps out whatever ours would keep out. */
export function isStrictEnough(level: string | null): boolean {
  return level === wantedLevel || level === 'FULL_TRANSITIVE'
}

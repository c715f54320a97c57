/** The brokers did not do it in time, or refused: nothing is known of what became of it. */
/** Why a process that stops leaves something in hand: its outcome is unknown then, as after any deadline. */
export const givenUpAtStop = () =>
  new KafkaUnavailableError('given up: this process stops, and the brokers do not answer')

export class KafkaUnavailableError extends Error {
  override readonly name = 'KafkaUnavailableError'
}

/** Another writer of this foundation has begun since: its epoch is newer, and the brokers refuse ours. */
export class FencedError extends Error {
  override readonly name = 'FencedError'
}

/** What the brokers hold is not what this program made or needs; an operator has to decide. Never "start anew". */
export class KafkaStateError extends Error {
  override readonly name = 'KafkaStateError'
}

/** Fencing as kafkajs 2.2.4 meets it: brokers tell old clients INVALID_PRODUCER_EPOCH instead of PRODUCER_FENCED. */
const fencing = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED'])

export function isFencing(error: unknown): boolean {
  return typesOf(error).some(type => fencing.has(type))
}

/** The protocol errors along the chain of causes, as kafkajs names them. */
export function typesOf(error: unknown): readonly string[] {
  return chainOf(error).flatMap(one => ('type' in one && typeof one.type === 'string' ? [one.type] : []))
}

/** The names of the errors along the chain of causes. */
export function namesOf(error: unknown): readonly string[] {
  return chainOf(error).map(({ name }) => name)
}

function chainOf(error: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let at: unknown = error; at instanceof Error && chain.length < 8; at = at.cause) chain.push(at)
  return chain
}

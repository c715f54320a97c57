import { once } from 'node:events'
import { asError, type Clock } from '@cf-audit-drain/pipeline'
import type { Candidate } from '../ports.ts'
import { Terms } from '../terms.ts'
import { GroupMembership, type MembershipEvents } from './group-membership.ts'
import type { KafkaClient } from './kafka-client.ts'
import { KafkaStateError, KafkaUnavailableError } from './kafka-error.ts'
import { limits, type Settings } from './kafka-options.ts'
import { Lease } from './lease.ts'
import type { Names } from './names.ts'
import { RightsWithdrawnError } from './rights-gate.ts'
import { stickyAssigner } from './sticky-assigner.ts'
import { within } from './within.ts'

const rejoinMs = 1_000
/** So long the next leader waits for the writer of the last one to be closed; after that it fences it. */
const handOverMs = 1_000

export interface LeadershipDoor {
  readonly client: KafkaClient
  readonly names: Names
  readonly settings: Settings
  readonly clock: Clock
  /** Rejects unless this login has the rights to poll the foundation, and its topics are there or were made. */
  requirePolling(foundation: string): Promise<void>
  /** Whatever a term waits for of the brokers is given up: the process stops, and must not wait for them. */
  giveUp(): void
}

/**
 * The election of a log on Kafka: the pollers are a consumer group over the topics of their foundations, and who is
 * given a topic polls its foundation. That is about liveness only; the epoch of the producer is what keeps two from
 * writing. A term ends when the group takes the foundation away, when the membership is lost, and when the brokers have
 * confirmed nothing for a session.
 */
export async function leadOnKafka(
  door: LeadershipDoor,
  foundations: readonly string[],
  candidate: Candidate,
  signal: AbortSignal,
): Promise<void> {
  const terms = new Terms(candidate)
  let hasLed = false
  const watched: Candidate = {
    ...candidate,
    poll: (foundation, term) => candidate.poll(foundation, term),
    elected: (ours, barred) => {
      hasLed ||= ours !== null
      candidate.elected?.(ours, barred)
    },
  }
  const over = AbortSignal.any([signal, terms.failed])
  const stopped = new AbortController()
  giveUpAfterPatience(door, over, stopped.signal).catch(() => undefined)
  while (!over.aborted) {
    try {
      await stand(door, foundations, { candidate: watched, terms }, over)
    } catch (error) {
      if (over.aborted) break
      // Rights and topics that were there are waited for: they are taken away, and given back, under running programs.
      if (error instanceof KafkaStateError && !hasLed) {
        await terms.ended()
        stopped.abort()
        throw error
      }
      candidate.failed?.(asError(error))
      await door.clock.sleep(rejoinMs, over).catch(() => undefined)
    }
  }
  await terms.ended()
  stopped.abort()
  terms.failed.throwIfAborted()
}

async function giveUpAfterPatience(
  { clock, giveUp }: LeadershipDoor,
  over: AbortSignal,
  stopped: AbortSignal,
): Promise<void> {
  await aborted(over, stopped)
  await clock.sleep(limits.stopMs, stopped)
  giveUp()
}

/** One membership, until it is lost (throws) or `over`. */
async function stand(
  door: LeadershipDoor,
  foundations: readonly string[],
  { candidate, terms }: { readonly candidate: Candidate; readonly terms: Terms },
  over: AbortSignal,
): Promise<void> {
  const { names, settings, clock } = door
  const looked = new AbortController()
  const looking = fitOf(door, foundations, candidate).finally(() => looked.abort())
  const standing = await Promise.race([looking, aborted(over, looked.signal).catch(() => looking)])
  if (!standing) return
  const barred = new Set(foundations).difference(standing)
  const lease = new Lease(settings.sessionTimeoutMs, clock, held => {
    const ours = held && new Set([...held].flatMap(topic => names.foundationOf(topic) ?? []))
    candidate.elected?.(ours, barred)
    terms.hold(ours ?? new Set())
  })
  const crash = Promise.withResolvers<never>()
  crash.promise.catch(() => undefined)
  const joining = join(door, [...standing], lease, {
    assigned: (topics, ageMs) => lease.grant(topics, ageMs),
    unassigned: because => because === 'lost' && lease.revoke(),
    confirmed: ageMs => lease.confirm(ageMs),
    crashed: error =>
      crash.reject(
        new KafkaUnavailableError(`no longer among the pollers: ${error.message}`, { cause: error }),
      ),
  })
  const done = new AbortController()
  const mended = untilOneIsFit(door, barred, AbortSignal.any([over, done.signal]))
  mended
    .then(isFit => isFit && crash.reject(new KafkaUnavailableError('a foundation has its topics now')))
    .catch(() => undefined)
  try {
    await Promise.race([joining.then(() => crash.promise), aborted(over, done.signal)])
  } finally {
    done.abort()
    if (!over.aborted) lease.revoke()
    lease.close()
    await giveBack(joining, terms, clock)
  }
}

/**
 * Those that this login may poll and whose topics are as they must be; each other one is told.
 * @throws KafkaStateError, RightsWithdrawnError when it is none of them
 */
async function fitOf(
  { requirePolling }: LeadershipDoor,
  foundations: readonly string[],
  candidate: Candidate,
): Promise<ReadonlySet<string>> {
  const fit = new Set<string>()
  const faults = new Map<string, Error>()
  for (const foundation of foundations)
    try {
      await requirePolling(foundation)
      fit.add(foundation)
    } catch (error) {
      if (!(error instanceof KafkaStateError || error instanceof RightsWithdrawnError)) throw error
      faults.set(foundation, error)
    }
  const [first] = faults.values()
  if (fit.size === 0 && first !== undefined) throw first
  for (const [foundation, error] of faults) candidate.failed?.(error, foundation)
  return fit
}

/** False when it is over before. */
async function untilOneIsFit(
  { requirePolling, settings, clock }: LeadershipDoor,
  barred: ReadonlySet<string>,
  over: AbortSignal,
): Promise<boolean> {
  while (barred.size > 0 && !over.aborted) {
    await clock.sleep(settings.topicRefreshMs, over).catch(() => undefined)
    for (const foundation of over.aborted ? [] : barred)
      if (await isFit(requirePolling(foundation))) return true
  }
  return false
}

async function isFit(required: Promise<void>): Promise<boolean> {
  try {
    await required
    return true
  } catch {
    return false
  }
}

async function join(
  { client, names, settings, clock }: LeadershipDoor,
  foundations: readonly string[],
  lease: Lease,
  events: MembershipEvents,
): Promise<GroupMembership> {
  const { sessionTimeoutMs } = settings
  const topics = foundations.map(foundation => names.events(foundation))
  const sharing = {
    partitionAssigners: [stickyAssigner(() => lease.held)],
    heartbeatInterval: Math.max(100, Math.floor(sessionTimeoutMs / 12)),
  }
  return GroupMembership.join(
    client,
    { id: names.pollerGroup, topics, sessionTimeoutMs, sharing },
    clock,
    events,
  )
}

/** Stops first and leaves then: the next one need not fence us. */
async function giveBack(joining: Promise<GroupMembership>, terms: Terms, clock: Clock): Promise<void> {
  terms.hold(new Set())
  await within(clock, handOverMs, 'stopping', terms.ended()).catch(() => undefined)
  const leaving = joining.then(membership => membership.leave())
  await within(clock, limits.closeMs, 'leaving', leaving).catch(() => undefined)
}

/** Listens no longer than until `done`. */
async function aborted(signal: AbortSignal, done: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort', { signal: done })
}

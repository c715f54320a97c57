import type { Clock } from '@cf-audit-drain/pipeline'
import { typesOf } from './kafka-error.ts'
import { type Broker, type Cluster, type CoordinatorType, coordinatorType } from './kafkajs-internals.ts'
import { describeTopics, groupOperations, whyNotCreated } from './own-requests.ts'
import { patiently } from './patiently.ts'
import { isUnauthorized, type Right } from './refused.ts'

/** The first question makes Kafka's own topic, and a coordinator that has come up loads: both take a moment. */
const coordinatorPatienceMs = 8_000
/** No coordinator gives it to a producer. */
const nobodysProducerId = 2n ** 63n - 1n

/** The cluster's coordinators of transactions refuse to be any, as a Kafka without transactions does. */
export class TransactionsRefusedError extends Error {
  override readonly name = 'TransactionsRefusedError'
}

/**
 * Those of the rights that this login does not have. Changes nothing and fences nobody: topics and groups are asked
 * what they allow, a transactional id is tried with a producer that cannot be. A topic that is not there lacks nothing.
 *
 * @throws TransactionsRefusedError
 */
export async function missingRights(
  cluster: Cluster,
  rights: readonly Right[],
  clock: Clock,
): Promise<readonly Right[]> {
  await cluster.refreshMetadata()
  const broker = await cluster.findControllerBroker()
  const of = (resource: Right['resource']) => rights.filter(one => one.resource === resource)
  const isCreate = ({ operation }: Right) => operation === 'Create'
  const lacking = new Set([
    ...(await missingOfTopics(
      broker,
      of('topic').filter(one => !isCreate(one)),
    )),
    ...(await missingToCreate(broker, of('topic').filter(isCreate))),
  ])
  const missing = of('topic').filter(one => lacking.has(one))
  for (const right of of('group'))
    if (!(await allowsGroup(cluster, broker, right, clock))) missing.push(right)
  for (const right of of('transactional-id'))
    if (!(await allowsTransactions(cluster, broker, right.name, clock))) missing.push(right)
  return missing
}

async function missingOfTopics(broker: Broker, rights: readonly Right[]): Promise<readonly Right[]> {
  const names = [...new Set(rights.map(({ name }) => name))]
  if (names.length === 0) return []
  const { topics } = await describeTopics(broker, names)
  const allowed = new Map(topics.map(one => [one.topic, one.allowed]))
  return rights.filter(({ name, operation }) => allowed.get(name)?.has(operation) === false)
}

/** It may come from a right on the cluster, which a topic does not tell: so this is tried, and nothing made. */
async function missingToCreate(broker: Broker, rights: readonly Right[]): Promise<readonly Right[]> {
  if (rights.length === 0) return []
  const why = await whyNotCreated(
    broker,
    rights.map(({ name }) => name),
  )
  return rights.filter(({ name }) => why.get(name) === 'TOPIC_AUTHORIZATION_FAILED')
}

async function allowsGroup(cluster: Cluster, broker: Broker, right: Right, clock: Clock): Promise<boolean> {
  const ask = async () => {
    const coordinator = await coordinatorOf(cluster, broker, right.name, coordinatorType.GROUP)
    return (await groupOperations(coordinator, right.name)).has(right.operation)
  }
  return isAllowed(() => patiently(clock, ask, coordinatorPatienceMs))
}

async function allowsTransactions(
  cluster: Cluster,
  broker: Broker,
  transactionalId: string,
  clock: Clock,
): Promise<boolean> {
  return isAllowed(async () => {
    const coordinator = await transactionCoordinator(cluster, broker, transactionalId, clock)
    const asNobody = { producerId: nobodysProducerId, producerEpoch: 0, transactionResult: false }
    await coordinator.endTxn({ transactionalId, ...asNobody }).catch(error => {
      if (isUnauthorized(error)) throw error
    })
    return true
  })
}

async function transactionCoordinator(cluster: Cluster, broker: Broker, id: string, clock: Clock) {
  try {
    return await patiently(
      clock,
      () => coordinatorOf(cluster, broker, id, coordinatorType.TRANSACTION),
      coordinatorPatienceMs,
    )
  } catch (error) {
    if (isUnauthorized(error)) throw error
    const why = typesOf(error)[0] ?? (error as Error).message
    throw new TransactionsRefusedError(why, { cause: error })
  }
}

async function isAllowed(attempt: () => Promise<boolean>): Promise<boolean> {
  try {
    return await attempt()
  } catch (error) {
    if (isUnauthorized(error)) return false
    throw error
  }
}

async function coordinatorOf(
  cluster: Cluster,
  broker: Broker,
  groupId: string,
  type: CoordinatorType,
): Promise<Broker> {
  const { coordinator } = await broker.findGroupCoordinator({ groupId, coordinatorType: type })
  return cluster.findBroker({ nodeId: coordinator.nodeId })
}

import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { exchange } from './ask-broker.ts'
import { Answer, type Api, Body } from './protocol-codec.ts'

/** Of a topic: one past the last record, and one past the last that a read-committed reader may see. */
export interface TopicEnds {
  readonly all: bigint
  readonly committed: bigint
}

/** A broker answered with an error code (https://kafka.apache.org/protocol#protocol_error_codes). */
export class BrokerRefusal extends Error {
  override readonly name = 'BrokerRefusal'
  readonly code: number

  constructor(what: string, code: number, message: string | null = null) {
    super(`${what}: the broker answered error ${code}${message ? `, ${message}` : ''}`)
    this.code = code
  }
}

const apis = {
  listOffsets: { key: 2, version: 2 },
  metadata: { key: 3, version: 4 },
  offsetFetch: { key: 9, version: 1 },
  findCoordinator: { key: 10, version: 1 },
  deleteTopics: { key: 20, version: 1 },
  deleteRecords: { key: 21, version: 1 },
  electLeaders: { key: 43, version: 1 },
  alterConfigs: { key: 44, version: 0 },
  reassign: { key: 45, version: 0, flexible: true },
  alterQuotas: { key: 49, version: 0 },
  alterScram: { key: 51, version: 0, flexible: true },
} as const satisfies Record<string, Api>

const keyTypes = { group: 0, transaction: 1 } as const
const preferredLeader = 0
const topicResource = 2
const setOrTaken = 0
const timeoutMs = 10_000
const scramSha512 = 2
const scramIterations = 4096

/** RFC 5802 §3: what the brokers keep in place of a password. */
function salted(password: string) {
  const salt = randomBytes(16)
  return { salt, password: pbkdf2Sync(password, salt, scramIterations, 64, 'sha512') }
}

/**
 * What the fault tests ask of a cluster and do to it, by requests of our own: neither by kafkajs, which is under test,
 * nor by a JVM, which takes two seconds to start. One attempt each, so that whoever asks decides what a failure means.
 * Topics have one partition here; a broker is named by its place in `brokers`, whose node ids are 1, 2, 3.
 */
export class ClusterAdmin {
  readonly #brokers: readonly string[]

  constructor(brokers: readonly string[]) {
    this.#brokers = brokers
  }

  /** Who leads the topic; null when nobody does. Throws when there is no such topic. */
  async leaderOf(topic: string): Promise<number | null> {
    const { leader } = await this.#placeOf(topic)
    return leader
  }

  /** Who is in sync, the leader included. */
  async inSync(topic: string): Promise<readonly number[]> {
    return (await this.#placeOf(topic)).inSync
  }

  async coordinatorOf(kind: 'group' | 'transaction', key: string): Promise<number> {
    const body = new Body().string(key).int8(keyTypes[kind])
    const answer = await this.#askAnyone(apis.findCoordinator, body)
    answer.int32()
    const code = answer.int16()
    if (code !== 0) throw new BrokerRefusal(`the coordinator of ${key}`, code, answer.string())
    answer.string()
    return answer.int32() - 1
  }

  async endsOf(topic: string): Promise<TopicEnds> {
    const leader = await this.leaderOf(topic)
    if (leader === null) throw new BrokerRefusal(`the leader of ${topic}`, 5)
    const [all, committed] = [await this.#latest(leader, topic, 0), await this.#latest(leader, topic, 1)]
    return { all, committed }
  }

  /** The next offset a group reads; null when it has committed none. */
  async committedOffset(group: string, topic: string): Promise<bigint | null> {
    const body = new Body().string(group).list([topic], (to, name) => {
      to.string(name).list([0], (inner, partition) => inner.int32(partition))
    })
    const answer = await this.#ask(await this.coordinatorOf('group', group), apis.offsetFetch, body)
    const [partitions] = answer.list(() => {
      answer.string()
      return answer.list(() => {
        answer.int32()
        const offset = answer.int64()
        answer.string()
        return { offset, code: answer.int16() }
      })
    })
    const { offset, code } = partitions?.[0] ?? { offset: -1n, code: 0 }
    if (code !== 0) throw new BrokerRefusal(`the offset of ${group}`, code)
    return offset < 0n ? null : offset
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    const body = new Body().list(topics, (to, name) => to.string(name)).int32(timeoutMs)
    const answer = await this.#askAnyone(apis.deleteTopics, body)
    answer.int32()
    for (const { name, code } of answer.list(() => ({ name: answer.string(), code: answer.int16() })))
      if (code !== 0) throw new BrokerRefusal(`deleting ${name}`, code)
  }

  /** Takes the records before this offset off the topic, as its retention does. */
  async deleteRecords(topic: string, beforeOffset: bigint): Promise<void> {
    const leader = await this.leaderOf(topic)
    if (leader === null) throw new BrokerRefusal(`the leader of ${topic}`, 5)
    const body = new Body().list([topic], (to, name) => {
      to.string(name).list([0], (inner, partition) => inner.int32(partition).int64(beforeOffset))
    })
    const answer = await this.#ask(leader, apis.deleteRecords, body.int32(timeoutMs))
    answer.int32()
    const [partitions] = answer.list(() => {
      answer.string()
      return answer.list(() => {
        answer.int32()
        answer.int64()
        return answer.int16()
      })
    })
    const code = partitions?.[0] ?? 3
    if (code !== 0) throw new BrokerRefusal(`deleting records of ${topic}`, code)
  }

  /** Settings of a topic, such as `retention.ms`. */
  async setTopicConfig(topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const body = new Body().list([topic], (to, name) => {
      to.int8(topicResource)
        .string(name)
        .list(Object.entries(settings), (inner, [key, value]) =>
          inner.string(key).int8(setOrTaken).string(value),
        )
    })
    const answer = await this.#askAnyone(apis.alterConfigs, body.flag(false))
    answer.int32()
    for (const { code, message } of answer.list(() => {
      const result = { code: answer.int16(), message: answer.string() }
      answer.int8()
      answer.string()
      return result
    }))
      if (code !== 0) throw new BrokerRefusal(`the settings of ${topic}`, code, message)
  }

  /** Bytes per second and broker that a client id may write and read; null takes the quota away. */
  async setQuota(client: string, bytesPerSecond: number | null): Promise<void> {
    const body = new Body().list([client], (to, id) => {
      to.list([id], (inner, name) => inner.string('client-id').string(name)).list(
        ['producer_byte_rate', 'consumer_byte_rate'],
        (inner, key) =>
          inner
            .string(key)
            .float64(bytesPerSecond ?? 0)
            .flag(bytesPerSecond === null),
      )
    })
    const answer = await this.#askAnyone(apis.alterQuotas, body.flag(false))
    answer.int32()
    for (const { code, message } of answer.list(() => {
      const result = { code: answer.int16(), message: answer.string() }
      answer.list(() => [answer.string(), answer.string()])
      return result
    }))
      if (code !== 0) throw new BrokerRefusal(`the quota of ${client}`, code, message)
  }

  /** The password of a user for SCRAM-SHA-512, whether it had one or not; null takes it away. */
  async setScram(user: string, password: string | null): Promise<void> {
    const [gone, set] = password === null ? [[user], []] : [[], [{ user, ...salted(password) }]]
    const body = new Body()
      .compactList(gone, (to, name) => to.compactString(name).int8(scramSha512).noTags())
      .compactList(set, (to, one) =>
        to
          .compactString(one.user)
          .int8(scramSha512)
          .int32(scramIterations)
          .compactBytes(one.salt)
          .compactBytes(one.password)
          .noTags(),
      )
    const answer = await this.#askAnyone(apis.alterScram, body.noTags())
    answer.int32()
    const read = () => ({
      name: answer.compactString(),
      code: answer.int16(),
      message: answer.compactString(),
    })
    const [result] = answer.compactList(read)
    if (result && result.code !== 0)
      throw new BrokerRefusal(`the login of ${user}`, result.code, result.message)
  }

  /** Makes another broker of the topic's the leader; resolves when the controller has chosen it. */
  async moveLeader(topic: string, to: number): Promise<void> {
    const { replicas } = await this.#placeOf(topic)
    await this.#reassign(topic, [to, ...replicas.filter(one => one !== to)])
    const body = new Body().int8(preferredLeader).list([topic], (outer, name) => {
      outer.string(name).list([0], (inner, partition) => inner.int32(partition))
    })
    const answer = await this.#askAnyone(apis.electLeaders, body.int32(timeoutMs))
    answer.int32()
    const code = answer.int16()
    if (code !== 0) throw new BrokerRefusal(`electing the leader of ${topic}`, code)
  }

  async #reassign(topic: string, replicas: readonly number[]): Promise<void> {
    const body = new Body().int32(timeoutMs).compactList([topic], (to, name) => {
      to.compactString(name)
        .compactList([0], (partitions, partition) =>
          partitions
            .int32(partition)
            .compactList(replicas, (ids, index) => ids.int32(index + 1))
            .noTags(),
        )
        .noTags()
    })
    const answer = await this.#askAnyone(apis.reassign, body.noTags())
    answer.int32()
    const code = answer.int16()
    if (code !== 0) throw new BrokerRefusal(`the replicas of ${topic}`, code, answer.compactString())
  }

  async #placeOf(topic: string) {
    const body = new Body().list([topic], (to, name) => to.string(name)).flag(false)
    const answer = await this.#askAnyone(apis.metadata, body)
    answer.int32()
    answer.list(() => [answer.int32(), answer.string(), answer.int32(), answer.string()])
    answer.string()
    answer.int32()
    const indices = () => answer.list(() => answer.int32() - 1)
    const [found] = answer.list(() => {
      const code = answer.int16()
      answer.string()
      answer.int8()
      const [partition] = answer.list(() => {
        answer.int16()
        answer.int32()
        return { leader: answer.int32() - 1, replicas: indices(), inSync: indices() }
      })
      return { code, partition }
    })
    if (!found?.partition) throw new BrokerRefusal(`the topic ${topic}`, found?.code ?? 3)
    const { leader, replicas, inSync } = found.partition
    return { leader: leader < 0 ? null : leader, replicas, inSync }
  }

  async #latest(broker: number, topic: string, isolation: 0 | 1): Promise<bigint> {
    const body = new Body().int32(-1).int8(isolation)
    body.list([topic], (to, name) => {
      to.string(name).list([0], (inner, partition) => inner.int32(partition).int64(-1n))
    })
    const answer = await this.#ask(broker, apis.listOffsets, body)
    answer.int32()
    const [partitions] = answer.list(() => {
      answer.string()
      return answer.list(() => {
        answer.int32()
        const code = answer.int16()
        answer.int64()
        return { code, offset: answer.int64() }
      })
    })
    const { code, offset } = partitions?.[0] ?? { code: 3, offset: 0n }
    if (code !== 0) throw new BrokerRefusal(`the end of ${topic}`, code)
    return offset
  }

  /** The first broker that answers at all. */
  async #askAnyone(api: Api, body: Body): Promise<Answer> {
    let last: unknown
    for (const broker of this.#brokers.keys())
      try {
        return await this.#ask(broker, api, body)
      } catch (error) {
        last = error
      }
    throw last
  }

  async #ask(broker: number, api: Api, body: Body): Promise<Answer> {
    const port = Number(this.#brokers[broker]?.split(':')[1])
    return new Answer(await exchange(port, body.framed(api, 1)), api)
  }
}

import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import type { EventLog, FoundationWriter, NameRecord } from '@cf-audit-drain/log'
import { openKafkaLog } from '@cf-audit-drain/log/kafka'
import { systemClock } from '@cf-audit-drain/pipeline'
import { alterWriter } from './testing/alter-writer.ts'
import { nothingWrong, PolledFoundation } from './testing/polled-foundation.ts'

/**
 * Goal: a kill between what is kept beside the checkpoint and the checkpoint, as where there are no transactions, leaves rights
 * that a restart recognises. Method: an identity with more places than the checkpoint has room for, and a writer that writes what is
 * beside, keeps the checkpoint as it was, and fails.
 */
const minuteMs = 60_000
const bob = { name: 'bob', password: 'pw-of-bob', guid: 'b0b', scopes: ['cloud_controller.read'] }
const spaces = (count: number) => Array.from({ length: count }, (_, i) => `s${i + 1}`)

const asBob = (t: TestContext, count: number, openLog: (() => Promise<EventLog>) | null = null) =>
  PolledFoundation.make(
    t,
    {},
    { users: [bob], memberships: { b0b: { spaces: spaces(count) } } },
    {
      clientId: 'cf',
      clientSecret: '',
      login: { kind: 'password', username: 'bob', password: bob.password },
    },
    openLog,
  )

async function minutes(one: PolledFoundation, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    one.foundation.insert([{ spaceGuid: 's1' }, { spaceGuid: 's2' }])
    await one.pass(minuteMs)
  }
}

const isList = ({ key }: NameRecord) => key.startsWith('rights')

/** The next publish that changes what is kept of the rights is killed in its middle; and says how many were. */
function killWithRights(one: PolledFoundation): () => number {
  let kills = 0
  let covered: string | null = null
  const publish =
    (real: FoundationWriter): FoundationWriter['publish'] =>
    async (entries, next, letters, beside) => {
      if (kills > 0 || !beside?.names?.some(isList)) {
        covered = next
        return real.publish(entries, next, letters, beside)
      }
      kills++
      await real.publish(entries, covered ?? next, letters, beside)
      throw new Error('killed before the checkpoint')
    }
  alterWriter(one.log, real => {
    covered = real.checkpoint ?? covered
    return { publish: publish(real) }
  })
  return () => kills
}

async function listsOf(one: PolledFoundation): Promise<number> {
  const writer = await one.log.writer('test')
  const lists = (await Array.fromAsync(writer.names())).filter(isList)
  await writer.close()
  return lists.length
}

const closed = (one: PolledFoundation) => one.poller.status().windows.closed

for (const [from, to] of [
  [150, 151],
  [100, 101],
] as const)
  test(`a kill while ${to} places are written in the place of ${from} does not shut the guard`, async t => {
    const one = await asBob(t, from)
    await one.started()
    await minutes(one, 8)
    const kills = killWithRights(one)
    await one.stop()
    one.foundation.setMemberships('b0b', { spaces: spaces(to) })
    one.start().catch(() => undefined)
    await one.until(() => kills() === 1)
    await one.stop()
    await one.started()
    assert.equal(one.poller.status().rightsNarrowed, null)
    const before = closed(one)
    await minutes(one, 8)
    assert.ok(closed(one) > before)
    assert.deepEqual(await one.differences(), nothingWrong)

    one.foundation.setMemberships('b0b', { spaces: spaces(to - 1) })
    await minutes(one, 3)
    const sentence = one.poller.status().rightsNarrowed?.sentence ?? ''
    assert.match(sentence, new RegExp(`events of 1 of its ${to} spaces and organizations`))
    await one.stop()
    assert.ok((await listsOf(one)) <= 2)
  })

test('of the lists that are kept beside the checkpoint those are dropped that no checkpoint speaks of', async t => {
  const one = await asBob(t, 150)
  await one.started()
  for (const count of [151, 152, 153, 154]) {
    one.foundation.setMemberships('b0b', { spaces: spaces(count) })
    await minutes(one, 3)
  }
  await one.stop()
  assert.equal(await listsOf(one), 2)
  one.foundation.setMemberships('b0b', { spaces: spaces(20) })
  one.acceptRights = true
  await one.started()
  await minutes(one, 3)
  await one.stop()
  assert.equal(await listsOf(one), 1)
})

/** Sockets to the brokers that all break when a checkpoint is about to be sent, once that is asked for. */
function breakable() {
  const sockets = new Set<Socket>()
  const state = { isArmed: false, isBroken: false }
  const breakAll = () => {
    state.isBroken = true
    for (const socket of sockets) socket.destroy(new Error('the process died'))
  }
  const offsetCommit = 8
  return {
    state,
    factory({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }): Socket {
      if (state.isBroken) throw new Error('the process is dead')
      const socket = connect({ host, port }, onConnect)
      sockets.add(socket)
      const write = socket.write.bind(socket)
      socket.write = (bytes: string | Uint8Array, ...rest: unknown[]): boolean => {
        if (state.isArmed && Buffer.isBuffer(bytes) && bytes.readInt16BE(4) === offsetCommit) breakAll()
        return Reflect.apply(write, socket, [bytes, ...rest])
      }
      return socket
    },
  }
}

describe('on a Kafka without transactions', { skip: reasonToSkipKafka() }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  test('a process that dies between the list of its places and its checkpoint is followed by one that goes on', async t => {
    const prefix = `rights-kills-${process.pid}`
    const { state, factory } = breakable()
    const open = async (socketFactory?: typeof factory) =>
      openKafkaLog(
        {
          ...{
            brokers: kafka.brokers,
            prefix,
            delivery: 'at-least-once',
            createTopics: { replicationFactor: 1 },
          },
          ...(socketFactory && { socketFactory }),
        },
        { clock: systemClock },
      )
    const one = await asBob(t, 150, () => open(factory))
    await one.started(60_000)
    await minutes(one, 8)
    const restored = alterWriter(one.log, real => ({
      publish: (entries, next, letters, beside) => {
        if (beside?.names?.some(isList)) state.isArmed = true
        return real.publish(entries, next, letters, beside)
      },
    }))
    await one.stop()
    one.foundation.setMemberships('b0b', { spaces: spaces(151) })
    one.start().catch(() => undefined)
    await one.until(() => state.isBroken, 60_000)
    one.log.writer = restored
    const dead = one.log
    const stopped = one.stop()
    void dead.close()
    await stopped
    one.use(await open())
    await one.started(60_000)
    assert.equal(one.poller.status().rightsNarrowed, null)
    const before = closed(one)
    await minutes(one, 8)
    assert.ok(closed(one) > before)
    assert.deepEqual(await one.differences(), nothingWrong)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { reasonToSkipKafka, startKafka } from '@cf-audit-drain/kafka-broker'
import { seenByKcat, skipWithoutKcat } from '@cf-audit-drain/kafka-broker/testing/kcat'
import { systemClock } from '@cf-audit-drain/pipeline'
import { makeEntries } from '../contract-suite/made-up-entries.ts'
import { isCommitted } from './hanging-transaction.ts'
import { openKafkaLog } from './kafka-log.ts'
import { Names } from './names.ts'
import { decodeResponse } from './transaction-state.ts'

const foundation = 'lab'

describe('a transaction that nobody ends', { skip: reasonToSkipKafka() }, () => {
  // A broker of its own, whatever KAFKA_BROKERS says: it is killed.
  test('what was published before the only broker was killed is there when it is back', async t => {
    if (skipWithoutKcat(t)) return
    if (process.env['KAFKA_BROKERS']) return t.skip('KAFKA_BROKERS is set: its brokers are not ours to kill')
    const kafka = await startKafka()
    t.after(() => kafka.stop())
    const warnings: string[] = []
    const open = () =>
      openKafkaLog(
        { brokers: kafka.brokers, createTopics: { replicationFactor: 1 } },
        { clock: systemClock, observer: { warn: sentence => warnings.push(sentence) } },
      )
    // The broker forgets its markers in about one of four: until it has, and one more.
    let rounds = 0
    for (let last = 9; rounds <= last; rounds++) {
      const round = rounds
      const log = open()
      const writer = await log.writer(foundation)
      assert.equal(writer.checkpoint, round === 0 ? null : String(round - 1))
      await writer.publish(makeEntries(round * 5, 5), String(round))
      await kafka.broker(0).kill()
      await kafka.broker(0).start()
      await log.close()
      if (warnings.length > 0) last = Math.min(last, round)
    }
    const log = open()
    t.after(() => log.close())
    assert.equal((await log.writer(foundation)).checkpoint, String(rounds - 1))
    const seen = await seenByKcat(kafka.brokers, new Names('cf-audit').events(foundation))
    assert.deepEqual(
      seen.map(({ guid, seq }) => ({ guid, seq })),
      makeEntries(0, rounds * 5).map(({ guid }, i) => ({ guid, seq: i + 1 })),
    )
    for (const sentence of warnings) assert.match(sentence, /left open in .*: it is committed/)
    t.diagnostic(`${warnings.length} of ${rounds} hung`)
  })
})

test('what hangs was committed when its checkpoint took effect, and only then', () => {
  const committed = { seq: 10, checkpoint: 'ten' }
  assert.equal(isCommitted({ seq: 10, mirror: committed }, committed), true)
  assert.equal(isCommitted({ seq: 10, mirror: null }, committed), true)
  assert.equal(isCommitted({ seq: null, mirror: committed }, committed), true)
  assert.equal(isCommitted({ seq: 11, mirror: null }, committed), false)
  assert.equal(isCommitted({ seq: null, mirror: { seq: 10, checkpoint: 'later' } }, committed), false)
  assert.equal(isCommitted({ seq: 1, mirror: null }, null), false)
})

test("a coordinator's answer is read, as Kafka 4.3.1 gave it", () => {
  const id = '0d702e706f6c6c65722e6c6162'
  const complete = `0000000000020000${id}0f436f6d706c657465436f6d6d69740001d4c0000001a202f976ba00000000000000000000010000`
  const unknown = `0000000000020069${id}0100000000000000000000000000000000000000000000010000`
  assert.equal(decodeResponse(Buffer.from(complete, 'hex')), 'CompleteCommit')
  assert.equal(decodeResponse(Buffer.from(unknown, 'hex')), null)
})

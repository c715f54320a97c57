import { after, before, describe } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type LogHarness, logContractSuite, makeEntry } from '../contract-suite.ts'
import type { EventLog, LogEntry } from '../ports.ts'
import { openKafkaLog } from './kafka-log.ts'
import { mortalSockets } from './mortal-sockets-for-tests.ts'

describe('Kafka', { skip: reasonToSkipKafka(), concurrency: 2 }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  let harnesses = 0
  for (const delivery of ['exactly-once', 'at-least-once'] as const)
    logContractSuite(
      `the log on Kafka with delivery ${delivery}`,
      async (): Promise<LogHarness> => {
        const prefix = `contract-${delivery}-${process.pid}-${++harnesses}`
        const opened = new Map<EventLog, ReturnType<typeof mortalSockets>>()
        return {
          open: async () => {
            const sockets = mortalSockets()
            const log = openKafkaLog(
              {
                brokers: kafka.brokers,
                prefix,
                delivery,
                createTopics: { replicationFactor: 1 },
                sessionTimeoutMs: 1_000,
                topicRefreshMs: 200,
                requestBytesMax: 2_000,
                socketFactory: sockets.factory,
              },
              { clock: systemClock },
            )
            opened.set(log, sockets)
            return log
          },
          // What is left of it in this process must not hold up the next test: it is closed beside it.
          crash: async log => {
            opened.get(log)?.kill()
            opened.delete(log)
            void log.close()
          },
          unstorable: { ...makeEntry(999), receivedAtMs: 'no number' } as unknown as LogEntry,
          dispose: async () => {
            for (const log of opened.keys()) await log.close()
          },
        }
      },
      { prunes: false },
    )
})

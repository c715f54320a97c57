import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterAdmin, startKafka } from '@cf-audit-drain/kafka-broker'
import { burst, untilPublish, untilPublishing } from '../kafka/moments.ts'
import { TcpGate } from '../kafka/tcp-gate.ts'
import type { Kind, OwnKafka } from '../kind.ts'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

const steps = ['before the send', 'before the commit', 'after the commit'] as const
const user = 'drain'

const gates = new WeakMap<Scene, TcpGate>()

/** A broker that clients find behind a gate only. */
async function behindGate(scene: Scene): Promise<OwnKafka> {
  const gate = await TcpGate.open()
  gates.set(scene, gate)
  const way = `127.0.0.1:${gate.port}`
  const cluster = await startKafka({ properties: { 'advertised.listeners': `PLAINTEXT://${way}` } })
  gate.leadTo(Number(cluster.brokers[0]?.split(':')[1]))
  return {
    cluster,
    config: { brokers: [way] },
    async close() {
      await gate.close()
      await cluster.stop()
    },
  }
}

async function cutOff(scene: Scene): Promise<void> {
  const gate = gates.get(scene)
  if (gate === undefined) throw new Error('this run has no gate')
  for (let round = 0; round < (scene.isQuick ? 2 : 6); round++) {
    await untilPublish(scene, scene.pick(...steps))
    const held = gate.hold()
    if (held === 0) throw new Error('nobody was connected')
    await burst(scene, scene.between(100, 500))
    const forMs = scene.isQuick ? scene.between(3_000, 12_000) : scene.between(3_000, 60_000)
    await scene.lasts(forMs)
    const how = scene.pick('late', 'never')
    gate.release(how)
    const ms = await untilPublishing(scene, 'after the gate was opened')
    scene.notes.push(
      `${held} connections held ${Math.round(forMs / 1000)} s, ${how}, +${Math.round(ms / 1000)} s`,
    )
  }
}

/** Logins count for three seconds, and are then checked anew. */
async function withLogin(scene: Scene): Promise<OwnKafka> {
  const cluster = await startKafka({
    secured: { users: {} },
    properties: {
      'allow.everyone.if.no.acl.found': 'true',
      'listener.name.secured.scram-sha-512.connections.max.reauth.ms': '3000',
    },
  })
  await setPassword(scene, new ClusterAdmin(cluster.brokers))
  const passwordFile = passwordFileOf(scene)
  return {
    cluster,
    config: {
      brokers: cluster.secured,
      sasl: { mechanism: 'SCRAM-SHA-512', username: user, passwordFile },
    },
    close: () => cluster.stop(),
  }
}

async function revokedAndRotated(scene: Scene): Promise<void> {
  const { kafka } = scene
  const passwords: string[] = []
  // Who was never let in ends, and says so: his operator has to mend it.
  await until('the sink has been let in', () => scene.receivedBytes() > 0, longestRetryMs)
  for (let round = 0; round < (scene.isQuick ? 2 : 5); round++) {
    await untilPublish(scene, scene.pick(...steps))
    const refusals = () => kafka.lines().filter(isRefusal).length
    const before = refusals()
    await kafka.admin.setScram(user, null)
    await burst(scene, scene.between(100, 500))
    await until('somebody is refused', () => refusals() > before, longestRetryMs, 100)
    await scene.lasts(scene.between(0, scene.isQuick ? 4_000 : 30_000))
    passwords.push(await setPassword(scene, kafka.admin))
    const ms = await untilPublishing(scene, 'with the new password')
    scene.notes.push(`publishing ${Math.round(ms / 1000)} s after the new password`)
  }
}

const isRefusal = (line: Record<string, unknown>): boolean =>
  /SASL|login|password/i.test(JSON.stringify(line))

/** In both places, whichever comes first. */
async function setPassword(scene: Scene, admin: ClusterAdmin): Promise<string> {
  const password = randomBytes(12).toString('hex')
  const write = () => writeFileSync(passwordFileOf(scene), `${password}\n`)
  if (scene.random() < 0.5) write()
  await admin.setScram(user, password)
  write()
  return password
}

const passwordFileOf = (scene: Scene) => join(scene.folder, 'password')

export const kafkaConnections: readonly Kind[] = [
  {
    name: 'kafka-cut-off',
    title: 'Kafka: connections that stay open and carry nothing, then everything late or a reset',
    kafka: 'harmful',
    ownKafka: behindGate,
    play: cutOff,
  },
  {
    name: 'kafka-credentials',
    title: 'Kafka: login revoked, and given back with another password',
    kafka: 'harmful',
    ownKafka: withLogin,
    play: revokedAndRotated,
  },
]

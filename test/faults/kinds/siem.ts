import { isInstalled } from '@cf-audit-drain/syslog/testing/rsyslogd'
import type { Kind } from '../kind.ts'
import type { ReceiverOrder } from '../receiver-orders.ts'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

/** The receiver misbehaves from the first event on for a while, is well again, and misbehaves once more. */
function misbehaving(
  name: string,
  title: string,
  order: (scene: Scene) => ReceiverOrder,
  confirmTimeout?: (scene: Scene) => string,
): Kind {
  return {
    name,
    title,
    ...(confirmTimeout ? { options: scene => ({ confirmTimeout: confirmTimeout(scene as Scene) }) } : {}),
    before: scene => scene.receiver.order(order(scene)),
    async play(scene) {
      await until('the drain meets it', () => met(scene), longestRetryMs, 100)
      await scene.lasts(scene.between(500, 2_500))
      await scene.receiver.order({ do: 'take' })
      await scene.lasts(scene.between(1_000, 2_500))
      await scene.receiver.order(order(scene))
      await scene.lasts(scene.between(1_000, 2_500))
      await scene.receiver.order({ do: 'take' })
      scene.notes.push(`${failures(scene)} failed writes`)
    },
  }
}

function failures(scene: Scene): number {
  return scene.drain.lines().filter(line => line['component'] === 'sink' && line['attempt'] !== undefined)
    .length
}

/** A write failed, or hangs at a receiver that took the connection. */
const met = (scene: Scene): boolean => failures(scene) > 0 || scene.receiver.accepted > 0

interface Mortal {
  kill(): Promise<void>
  start(): Promise<void>
}

/** Killed while it takes a burst of events, a moment after some of them were written down; then it is away a while. */
async function killedInBursts(scene: Scene, receiver: Mortal): Promise<void> {
  for (let round = 0; round < (scene.isQuick ? 3 : 5); round++) {
    const toMs = scene.clock.now()
    const before = scene.receivedBytes()
    await scene.simulator.history({ count: scene.between(500, 2_000), fromMs: toMs - 60_000, toMs })
    await until('the receiver takes something', () => scene.receivedBytes() > before, longestRetryMs, 1)
    if (scene.random() < 0.6) await scene.lasts(scene.between(0, 15))
    await receiver.kill()
    await scene.lasts(scene.between(50, 700))
    await receiver.start()
  }
  scene.notes.push(`${failures(scene)} failed writes`)
}

/** The end of the sender was read, so the kernel of a dead SIEM answers it; but what was read is gone. */
async function diesHolding(scene: Scene): Promise<void> {
  for (let round = 0; round < (scene.isQuick ? 3 : 4); round++) {
    await scene.receiver.order({ do: 'die-holding' })
    const toMs = scene.clock.now()
    await scene.simulator.history({ count: scene.between(1, 400), fromMs: toMs - 60_000, toMs })
    await until('the receiver dies', () => !scene.receiver.alive, longestRetryMs, 5)
    await scene.lasts(scene.between(0, 500))
    await scene.receiver.start()
    await scene.lasts(scene.between(0, 800))
  }
  scene.notes.push(`${failures(scene)} failed writes`)
}

export const siem: readonly Kind[] = [
  misbehaving('siem-refusing', 'SIEM refusing connections', () => ({ do: 'refuse' })),
  misbehaving('siem-black-hole', 'SIEM black-holing: takes connections, reads nothing, then resets', () => ({
    do: 'black-hole',
  })),
  misbehaving(
    'siem-never-confirms',
    'SIEM reading everything and never answering',
    () => ({ do: 'never-close' }),
    () => '1s',
  ),
  misbehaving('siem-reset', 'SIEM resetting in mid-frame', scene => ({
    do: 'reset',
    afterBytes: scene.between(1, 60_000),
  })),
  misbehaving(
    'siem-reads-nothing',
    'SIEM reading nothing for a while, then reading on',
    () => ({ do: 'read-nothing' }),
    scene => scene.pick('1s', '30s'),
  ),
  misbehaving('siem-close-each', 'SIEM closing after each message', scene => ({
    do: 'close-each',
    how: scene.pick('fin', 'reset'),
  })),
  {
    name: 'siem-restarting',
    title: 'SIEM killed and restarted, again and again',
    play: scene => killedInBursts(scene, scene.receiver),
  },
  {
    name: 'siem-dies-holding',
    title: 'SIEM killed when it has read everything and written nothing',
    play: diesHolding,
  },
  {
    name: 'rsyslog-killed',
    title: 'rsyslogd, kill -9 and restarted',
    options: () => ({ receiver: 'rsyslog' }),
    missing: () => (isInstalled('rsyslogd') ? null : 'rsyslogd is not installed: apt-get install rsyslog'),
    play: scene => killedInBursts(scene, scene.rsyslog),
  },
]

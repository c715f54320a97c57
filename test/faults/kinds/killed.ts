import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import type { Kind } from '../kind.ts'
import type { KillPlan } from '../receiver-orders.ts'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

/** Kills at random moments: some lives end before they have begun, most in the middle of everything. */
async function atRandom(scene: Scene): Promise<void> {
  const kills = scene.isQuick ? 4 : scene.between(6, 8)
  for (let life = 0; life < kills; life++) {
    if (scene.random() < 0.8) await scene.drain.listening()
    await scene.lasts(scene.between(0, 1_200))
    await scene.drain.kill()
    scene.drain.start()
  }
  scene.notes.push(`${kills} kills`)
}

/** Kills a moment after a step was seen to be done, `steps` saying how often it was done so far. */
function afterSteps(steps: (scene: Scene) => () => bigint, delayMaxMs: number): Kind['play'] {
  return async scene => {
    const kills = scene.isQuick ? 3 : 6
    const now = steps(scene)
    for (let life = 0; life < kills; life++) {
      for (let times = scene.between(1, 5); times > 0; times--) {
        const before = now()
        await until('the step to be killed after', () => now() !== before, 15_000, 1)
      }
      if (scene.random() < 0.7) await scene.lasts(scene.between(0, delayMaxMs))
      await scene.drain.kill()
      scene.drain.start()
    }
    scene.notes.push(`${kills} kills`)
  }
}

/** Pages of events that were answered, counts apart: the simulator writes each down as it has sent it. */
function pagesAnswered(scene: Scene): () => bigint {
  const file = openSync(scene.simulator.historyFile, 'r')
  scene.onClose(() => closeSync(file))
  let at = fstatSync(file).size
  let pages = 0n
  return () => {
    const length = fstatSync(file).size - at
    if (length <= 0) return pages
    const added = Buffer.alloc(length)
    at += readSync(file, added, 0, length, at)
    const lines = added.toString('latin1').split('\n')
    pages += BigInt(lines.filter(line => line.includes('"kind":"page"') && !/per_page=1\b/.test(line)).length)
    return pages
  }
}

/** When the log was last written to: a publish, or a cursor that moved. */
function logWrites({ drain }: Scene): () => bigint {
  return () => statSync(`${drain.database}-wal`, { bigint: true, throwIfNoEntry: false })?.mtimeNs ?? 0n
}

/** The receiver itself kills, so that nothing lies between the step and the kill. */
function byReceiver(at: KillPlan['at']): Kind['play'] {
  return async scene => {
    for (let life = 0; life < (scene.isQuick ? 3 : 5); life++) {
      const before = scene.receiver.killed
      await scene.receiver.planKill({ pid: scene.drain.pid, at, after: scene.between(1, 4) })
      await until(`the receiver kills at ${at}`, () => scene.receiver.killed > before, longestRetryMs, 5)
      await scene.drain.died()
      scene.drain.start()
    }
    scene.notes.push(`${scene.receiver.killed} kills`)
  }
}

const backfill = { simulator: () => ['--events', '6000'] }

export const killed: readonly Kind[] = [
  { name: 'kill-random', title: 'kill -9 at random moments', ...backfill, play: atRandom },
  {
    name: 'kill-after-fetch',
    title: 'kill -9 after a page was fetched',
    ...backfill,
    play: afterSteps(pagesAnswered, 40),
  },
  {
    name: 'kill-around-publish',
    title: 'kill -9 around the publish and the cursor',
    ...backfill,
    play: afterSteps(logWrites, 3),
  },
  {
    name: 'kill-before-confirm',
    title: 'kill -9 while the receiver has bytes and has confirmed nothing',
    ...backfill,
    play: byReceiver('bytes'),
  },
  {
    name: 'kill-at-confirm',
    title: 'kill -9 between the end of the bytes and the confirmation',
    ...backfill,
    play: byReceiver('fin'),
  },
  {
    name: 'kill-after-confirm',
    title: 'kill -9 after the confirmation, before the cursor moves',
    ...backfill,
    play: byReceiver('closed'),
  },
]

import { statSync } from 'node:fs'
import type { Kind } from '../kind.ts'
import type { KillPlan } from '../receiver-orders.ts'
import type { Scene } from '../scene.ts'
import { until } from '../until.ts'

const size = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

/** Kills at random moments: often before the process has done anything, now and then in the middle of everything. */
async function atRandom(scene: Scene): Promise<void> {
  const kills = scene.between(6, 9)
  for (let life = 0; life < kills; life++) {
    await scene.lasts(scene.between(250, 1_600))
    await scene.drain.kill()
    scene.drain.start()
  }
  scene.notes.push(`${kills} kills`)
}

/** Kills a few milliseconds after a file has grown: that is when a step was just done. */
function afterGrowth(file: (scene: Scene) => string, delayMaxMs: number): (scene: Scene) => Promise<void> {
  return async scene => {
    const kills = 6
    for (let life = 0; life < kills; life++) {
      for (let times = scene.between(1, 5); times > 0; times--) {
        const before = size(file(scene))
        await until('the step to be killed after', () => size(file(scene)) > before, 15_000, 1)
      }
      if (scene.random() < 0.7) await scene.lasts(scene.between(0, delayMaxMs))
      await scene.drain.kill()
      scene.drain.start()
    }
    scene.notes.push(`${kills} kills`)
  }
}

/** The receiver itself kills, so that nothing lies between the step and the kill. */
function byReceiver(at: KillPlan['at']): Kind['play'] {
  return async scene => {
    for (let life = 0; life < 5; life++) {
      const before = scene.receiver.killed
      await scene.receiver.planKill({ pid: scene.drain.pid, at, after: scene.between(1, 4) })
      await until(`the receiver kills at ${at}`, () => scene.receiver.killed > before, 20_000, 5)
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
    play: afterGrowth(scene => scene.simulator.historyFile, 30),
  },
  {
    name: 'kill-around-publish',
    title: 'kill -9 around the publish and the cursor',
    ...backfill,
    play: afterGrowth(scene => `${scene.drain.database}-wal`, 3),
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

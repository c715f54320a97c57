import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Kind } from '../kind.ts'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

const mib = 1024 * 1024

/** Takes the space until only so much is left, and says where it is taken from. */
function fill(scene: Scene, leftBytes: number): string {
  const ballast = join(scene.disk, 'ballast')
  writeFileSync(ballast, Buffer.alloc(24 * mib - leftBytes))
  return ballast
}

function complained(scene: Scene): boolean {
  return scene.drain.lines().some(line => /full|space/i.test(JSON.stringify(line)))
}

async function play(scene: Scene): Promise<void> {
  let restarts = 0
  const keepRunning = async () => {
    if (scene.drain.alive) return
    restarts++
    await scene.drain.died()
    scene.drain.start()
  }
  await until(
    'the drain says that the disk is full',
    async () => {
      await keepRunning()
      return complained(scene)
    },
    longestRetryMs,
    200,
  )
  for (let look = 0; look < 10; look++) {
    await keepRunning()
    await scene.lasts(200)
  }
  rmSync(join(scene.disk, 'ballast'))
  await scene.lasts(1_000)
  await keepRunning()
  scene.notes.push(`${restarts} restarts`)
}

export const diskFull: Kind = {
  name: 'disk-full',
  title: 'disk full under the log, freed later',
  simulator: () => ['--events', '6000'],
  options: () => ({ smallDisk: true, liveEventsPerSecond: 200 }),
  missing: () => (process.getuid?.() === 0 ? null : 'only root can mount a small disk: run it as root'),
  before: async scene => {
    fill(scene, scene.between(400, 3_000) * 1024)
  },
  play,
}

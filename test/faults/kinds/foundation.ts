import type { Kind } from '../kind.ts'
import { struck } from './cloud-controller-answers.ts'

function clockSkew(name: string, title: string, skewMs: number): Kind {
  return {
    name,
    title,
    async play(scene) {
      await scene.lasts(scene.between(500, 1_500))
      await scene.simulator.fault({ fault: 'clock-skew', skewMs })
      scene.traffic.skewMs = skewMs
      await scene.lasts(scene.between(3_000, 4_000))
      if (scene.random() < 0.5) {
        await scene.simulator.fault({ fault: 'clock-skew', skewMs: 0 })
        scene.traffic.skewMs = 0
        await scene.lasts(1_500)
      }
      await struck(scene, ['clock-skew'])
    },
  }
}

export const foundation: readonly Kind[] = [
  {
    name: 'uaa-down',
    title: 'UAA down',
    // Not a second below the drain's margin: it renews well before the token ends.
    simulator: scene => ['--token-lifetime', String(scene.between(2, 4))],
    async play(scene) {
      await scene.lasts(scene.between(300, 1_500))
      await scene.simulator.fault({ fault: 'uaa-refused', durationMs: scene.between(1_500, 3_000) })
      await scene.lasts(5_000)
      await struck(scene, ['uaa-refused'])
    },
  },
  clockSkew('skew-ahead', 'clock skew +5 min', 300_000),
  clockSkew('skew-behind', 'clock skew -5 min', -300_000),
]

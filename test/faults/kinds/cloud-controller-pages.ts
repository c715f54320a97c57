import type { Kind } from '../kind.ts'
import type { Scene } from '../scene.ts'
import { struck } from './cloud-controller-answers.ts'

/** More rows in one second than a page can hold: the only thing that is read in more than one page. */
async function crowdedSecond(scene: Scene, hoursAgo: number): Promise<void> {
  const secondUs = Math.floor(scene.hoursAgoUs(hoursAgo) / 1e6) * 1e6
  const rows = Array.from({ length: 5_000 + scene.between(100, 900) }, () => ({
    createdAtUs: secondUs + scene.between(0, 999_999),
  }))
  await scene.simulator.insert(rows)
}

const between = (scene: Scene) => ({
  count: scene.between(1, 4),
  rows: scene.between(1, 40),
  probability: 0.5 + 0.5 * scene.random(),
})

export const cloudControllerPages: readonly Kind[] = [
  {
    name: 'clean-up',
    title: 'clean-up deleting 250 rows between pages',
    async before(scene) {
      await crowdedSecond(scene, scene.between(30, 200))
      await scene.simulator.fault(
        { fault: 'clean-up-between-pages', page: 2, rows: 250, count: scene.between(1, 2) },
        {
          fault: 'clean-up-between-pages',
          page: 1,
          rows: 250,
          count: scene.between(1, 2),
          after: scene.between(1, 6),
        },
      )
    },
    async play(scene) {
      await scene.lasts(3_000)
      await struck(scene, ['clean-up-between-pages'])
    },
  },
  {
    name: 'shifted-pages',
    title: 'shifted pages',
    async before(scene) {
      await crowdedSecond(scene, scene.between(30, 200))
      await scene.simulator.fault({ fault: 'page-shift', page: 2, ...between(scene) })
      await scene.simulator.fault({
        fault: 'page-shift',
        page: 1,
        ...between(scene),
        after: scene.between(1, 4),
      })
    },
    async play(scene) {
      await scene.lasts(2_000)
      await scene.simulator.fault({ fault: 'page-shift', page: 1, ...between(scene) })
      await scene.lasts(2_000)
      await struck(scene, ['page-shift'])
    },
  },
  {
    name: 'duplicate-pages',
    title: 'duplicate pages',
    async before(scene) {
      await crowdedSecond(scene, scene.between(30, 200))
      await scene.simulator.fault({ fault: 'page-repeat', page: 2, ...between(scene) })
    },
    async play(scene) {
      await scene.lasts(1_000)
      await crowdedSecond(scene, scene.between(1, 3))
      await scene.simulator.fault({ fault: 'page-repeat', page: 2, ...between(scene), rows: 5_000 })
      await scene.lasts(2_500)
      await struck(scene, ['page-repeat'])
    },
  },
  {
    name: 'rows-between-statements',
    title: 'rows that come and go between the count and the page',
    // It may strike the verification itself: the rows that come then are found by the next one.
    options: () => ({ verifyInterval: '10s' }),
    before: scene =>
      scene.simulator.fault({ fault: 'insert-between-statements', count: 4, rows: scene.between(1, 30) }),
    async play(scene) {
      await scene.lasts(1_500)
      await scene.simulator.fault(
        { fault: 'insert-between-statements', count: 3, rows: scene.between(1, 30) },
        { fault: 'vanish-between-statements', count: 3, rows: scene.between(1, 30) },
      )
      await scene.lasts(2_000)
      await struck(scene, ['insert-between-statements', 'vanish-between-statements'])
    },
  },
  {
    name: 'malformed-event',
    title: 'malformed events in a page',
    before: scene => scene.simulator.fault({ fault: 'malformed-event', count: 2, rows: scene.between(1, 5) }),
    async play(scene) {
      await scene.lasts(1_500)
      await scene.simulator.fault({
        fault: 'malformed-event',
        count: scene.between(1, 3),
        rows: scene.between(1, 5),
      })
      await scene.lasts(2_000)
      await struck(scene, ['malformed-event'])
    },
  },
]

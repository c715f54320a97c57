import type { FaultName } from '@cf-audit-drain/foundation-simulator'
import type { Kind } from '../kind.ts'
import { longestRetryMs, until } from '../until.ts'
import { struck } from './cloud-controller-answers.ts'

/** Where names are asked for. */
const lookups = [
  '/v3/organizations',
  '/v3/spaces',
  '/v3/service_instances',
  '/v3/routes',
  '/v3/processes',
] as const
const faults: readonly [FaultName, ...FaultName[]] = [
  'hang-before-headers',
  'hang-in-body',
  'forbidden',
  'rate-limited',
  'error-500',
  'html-200',
  'truncated-json',
  'reset-in-body',
]

/** Whoever is asked for names hangs, refuses or talks nonsense, from the first event to the last. */
export const names: Kind = {
  name: 'names',
  title: 'lookups of names that hang, are refused, or answer nonsense',
  async before(scene) {
    for (const path of lookups)
      await scene.simulator.fault({
        fault: scene.pick(...faults),
        path,
        count: 10_000,
        durationMs: 60_000,
        retryAfterSec: 60,
      })
  },
  async play(scene) {
    await scene.lasts(scene.between(3_000, 5_000))
    await struck(scene, faults)
    const told = () =>
      scene.drain.lines().filter(line => /names could not be looked up/.test(String(line['msg']))).length
    await until('the drain says that names are missing', () => told() > 0, longestRetryMs, 200)
    scene.notes.push(`told ${told()} times`)
  },
}

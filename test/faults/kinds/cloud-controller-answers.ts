import type { FaultName } from '@cf-audit-drain/foundation-simulator'
import type { Kind } from '../kind.ts'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

/** Cloud Controller answers wrongly, in the backfill and live, again and again at seeded requests. */
function wrongAnswers(name: string, title: string, faults: readonly [FaultName, ...FaultName[]]): Kind {
  const rule = (scene: Scene, count: number) => ({
    fault: scene.pick(...faults),
    probability: 0.4 + 0.5 * scene.random(),
    count,
  })
  return {
    name,
    title,
    before: scene =>
      scene.simulator.fault({ ...rule(scene, scene.between(1, 3)), after: scene.between(0, 2) }),
    async play(scene) {
      await scene.lasts(scene.between(1_500, 2_500))
      for (let burst = 0; burst < 2; burst++) {
        await scene.simulator.fault(rule(scene, scene.between(1, 3)))
        await scene.lasts(scene.between(800, 1_500))
      }
      await struck(scene, faults)
    },
  }
}

/** Answers that never come, or never to their end: what ends the requests is the drain's own timeout, and it says so. */
function hangingAnswers(name: string, title: string, fault: FaultName, said: RegExp): Kind {
  const wrong = wrongAnswers(name, title, [fault])
  return {
    ...wrong,
    options: () => ({ requestTimeout: '1s' }),
    async play(scene) {
      await wrong.play(scene)
      const timeouts = () => scene.drain.lines().filter(line => said.test(String(line['msg']))).length
      await until(`the drain says ${said}`, () => timeouts() > 0, longestRetryMs, 200)
      scene.notes.push(`${timeouts()} timeouts`)
    },
  }
}

/** A run that did not meet the fault it is about would prove nothing. */
export async function struck(scene: Scene, faults: readonly FaultName[]): Promise<void> {
  let times = 0
  const look = async () => {
    const fired = await scene.simulator.faultsFired()
    times = fired.filter(({ fault }) => (faults as readonly string[]).includes(fault)).length
    return times > 0
  }
  await until(`${faults.join(' or ')} strikes`, look, longestRetryMs, 200)
  scene.notes.push(`struck ${times} times`)
}

export const cloudControllerAnswers: readonly Kind[] = [
  wrongAnswers('error-500', '500', ['error-500']),
  wrongAnswers('error-502', '502 of the router', ['error-502']),
  wrongAnswers('error-503', '503 of the router or the database', ['error-503', 'database-503', 'html-error']),
  hangingAnswers(
    'hang-before-headers',
    'hang before the headers',
    'hang-before-headers',
    /gave no answer within 1000 ms/,
  ),
  hangingAnswers('hang-in-body', 'hang in the body', 'hang-in-body', /stopped after \d+ bytes/),
  wrongAnswers('reset', 'connection reset', ['reset-before-headers', 'reset-in-body']),
  wrongAnswers('truncated-json', 'truncated JSON', ['truncated-json', 'truncated-length']),
  wrongAnswers('html', 'HTML with status 200', ['html-200']),
  wrongAnswers('gzip-garbage', 'gzip garbage', ['gzip-garbage']),
  wrongAnswers('unauthorized', '401 code 1000 in mid-run', ['unauthorized', 'tokens-revoked']),
  wrongAnswers('rate-limited', '429', ['rate-limited', 'rate-limited-html']),
]

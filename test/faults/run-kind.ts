import { check, type Verdict } from './checker.ts'
import type { KafkaClusters } from './kafka/kafka-clusters.ts'
import type { Kind } from './kind.ts'
import { readReceived, readShown } from './read-ends.ts'
import type { RunOptions } from './run-options.ts'
import { Scene } from './scene.ts'
import { longestRetryMs } from './until.ts'

export interface RunResult {
  readonly kind: string
  readonly seed: number
  readonly shown: number
  readonly lost: number
  readonly phantom: number
  readonly doubledInLog: number
  readonly doubledAtReceiver: number
  /** At most so many may be doubled at the receiver. */
  readonly doubledMax: number
  readonly mangled: number
  readonly tookMs: number
  readonly notes: readonly string[]
  /** What went wrong, with the folder of everything that was written; null when all was as it must be. */
  readonly failure: string | null
}

const nothing: Verdict = {
  shown: 0,
  lost: [],
  phantom: [],
  doubledInLog: [],
  doubledAtReceiver: 0,
  mangled: [],
}

/** One kind of fault with one seed: never throws, so that the others go on. */
export async function runKind(
  kind: Kind,
  seed: number,
  clusters: KafkaClusters,
  options: RunOptions = {},
): Promise<RunResult> {
  const scene = new Scene(kind, seed, options)
  const startedMs = scene.clock.monotonic()
  let verdict = nothing
  let failure: string | null = null
  let doubledMax = 0
  try {
    await scene.open(kind, clusters)
    await kind.before?.(scene)
    scene.subject.start()
    scene.traffic.start()
    await scene.subject.listening()
    await kind.play(scene)
    await scene.traffic.stop()
    await scene.simulator.clearFaults()
    await untilEndsAgree(scene, options.agreeWithinMs ?? 2 * longestRetryMs)
    await scene.subject.stop()
    verdict = await compared(scene, await scene.simulator.events())
    doubledMax = scene.subject.doubledMax()
    failure = faultOf(verdict, doubledMax)
  } catch (error) {
    await scene.traffic.stop().catch(() => {})
    ;[verdict, doubledMax] = await lastLook(scene)
    failure = error instanceof Error ? error.message : String(error)
  }
  await scene.close(failure !== null || options.keepFolder === true)
  if (failure !== null && kind.kafka === 'harmful') await clusters.discard()
  return {
    kind: kind.name,
    seed,
    shown: verdict.shown,
    lost: verdict.lost.length,
    phantom: verdict.phantom.length,
    doubledInLog: verdict.doubledInLog.length,
    doubledAtReceiver: verdict.doubledAtReceiver,
    doubledMax,
    mangled: verdict.mangled.length,
    tookMs: Math.round(scene.clock.monotonic() - startedMs),
    notes: scene.notes,
    failure: failure === null ? null : `${kind.name}, seed ${seed}: ${failure}\n  see ${scene.folder}`,
  }
}

async function compared(
  scene: Scene,
  originals?: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): Promise<Verdict> {
  const { file, kind } = scene.received
  return check(
    scene.allowances.applied({
      shown: readShown(scene.simulator.historyFile),
      logged: await scene.subject.logged(),
      received: readReceived(file, kind),
      foundations: scene.foundations.map(({ name }) => name),
      ...(originals ? { originals } : {}),
    }),
  )
}

async function lastLook(scene: Scene): Promise<readonly [Verdict, number]> {
  try {
    return [await compared(scene), scene.subject.doubledMax()]
  } catch {
    return [nothing, 0]
  }
}

/** Until the drain says it is done and the three ends say the same. What is doubled or a phantom never mends. */
async function untilEndsAgree(scene: Scene, withinMs: number): Promise<void> {
  const startedMs = scene.clock.monotonic()
  let last = 'the drain never said that it is caught up'
  while (scene.clock.monotonic() - startedMs < withinMs) {
    if (!scene.subject.alive) throw new Error('the drain ended by itself')
    // With a topic gone it can never say so of everything; the ends alone decide then.
    if (scene.allowances.ignored.size > 0 || (await scene.subject.isDone())) {
      const verdict = await compared(scene)
      const faults = listed(verdict)
      if (faults.length === 0) return
      last = faults.slice(0, 5).join('; ')
    }
    await scene.clock.sleep(200)
  }
  throw new Error(`the ends do not agree ${withinMs} ms after the fault: ${last}`)
}

function listed(verdict: Verdict): string[] {
  return [
    ...verdict.lost.map(one => `lost: ${one}`),
    ...verdict.phantom.map(one => `phantom: ${one}`),
    ...verdict.doubledInLog.map(one => `doubled in the log: ${one}`),
    ...verdict.mangled.map(one => `mangled: ${one}`),
  ]
}

function faultOf(verdict: Verdict, doubledMax: number): string | null {
  const faults = listed(verdict)
  if (verdict.doubledAtReceiver > doubledMax)
    faults.push(`${verdict.doubledAtReceiver} doubled at the receiver, at most ${doubledMax} explained`)
  if (verdict.shown === 0) faults.push('nothing was shown: nothing is proven')
  if (faults.length === 0) return null
  return `${faults.length} faults: ${faults.slice(0, 10).join('; ')}`
}

import { check, type Verdict } from './checker.ts'
import type { Kind } from './kind.ts'
import { readLog, readReceived, readShown } from './read-ends.ts'
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

export interface RunOptions {
  /** For the ends to agree after the fault is over. */
  readonly agreeWithinMs?: number
  readonly keepFolder?: boolean
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
export async function runKind(kind: Kind, seed: number, options: RunOptions = {}): Promise<RunResult> {
  const scene = new Scene(kind, seed)
  const startedMs = scene.clock.monotonic()
  let verdict = nothing
  let failure: string | null = null
  let doubledMax = 0
  try {
    await scene.open(kind)
    await kind.before?.(scene)
    scene.drain.start()
    scene.traffic.start()
    await scene.drain.listening()
    await kind.play(scene)
    await scene.traffic.stop()
    await scene.simulator.clearFaults()
    await untilEndsAgree(scene, options.agreeWithinMs ?? 2 * longestRetryMs)
    await scene.drain.stop()
    verdict = compared(scene, await scene.simulator.events())
    doubledMax = scene.drain.doubledMax()
    failure = faultOf(verdict, doubledMax)
  } catch (error) {
    ;[verdict, doubledMax] = lastLook(scene)
    failure = error instanceof Error ? error.message : String(error)
  }
  await scene.close(failure !== null || options.keepFolder === true)
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

function compared(scene: Scene, originals?: ReadonlyMap<string, Readonly<Record<string, unknown>>>): Verdict {
  const { file, kind } = scene.received
  return check({
    shown: readShown(scene.simulator.historyFile),
    logged: readLog(scene.drain.database),
    received: readReceived(file, kind),
    foundations: scene.foundations.map(({ name }) => name),
    ...(originals ? { originals } : {}),
  })
}

function lastLook(scene: Scene): readonly [Verdict, number] {
  try {
    return [compared(scene), scene.drain.doubledMax()]
  } catch {
    return [nothing, 0]
  }
}

/** Until the drain says it is done and the three ends say the same. What is doubled or a phantom never mends. */
async function untilEndsAgree(scene: Scene, withinMs: number): Promise<void> {
  const startedMs = scene.clock.monotonic()
  let last = 'the drain never said that it is caught up'
  while (scene.clock.monotonic() - startedMs < withinMs) {
    if (!scene.drain.alive) throw new Error('the drain ended by itself')
    const status = await scene.drain.status()
    const caughtUp = status?.foundations.every(one => one.caughtUp) ?? false
    const lag = status?.sinks[0]?.position?.lag
    if (caughtUp && lag === 0) {
      const verdict = compared(scene)
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

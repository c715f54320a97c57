import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type FaultName, faultNames } from '@cf-audit-drain/foundation-simulator'
import { Child } from '../child.ts'
import type { Kind } from '../kind.ts'
import { places } from '../places.ts'
import { readLog, readShown } from '../read-ends.ts'
import type { Scene } from '../scene.ts'
import { longestRetryMs, until } from '../until.ts'

const windowSec = 300
/** Each request may meet any of these. A clock that is wrong has a kind of its own: it lasts. */
const met = faultNames.filter(fault => fault !== 'clock-skew')

interface Window {
  readonly from: string
  readonly state: string
  /** Counted by Cloud Controller and not held; held and no longer shown. */
  readonly missing: number
  readonly gone: number
}

/** Every fault of Cloud Controller and UAA at once, late rows, and kills; then the ledger is asked, by the command. */
async function everything(scene: Scene): Promise<void> {
  const { drain, simulator } = scene
  await lateRows(scene)
  const lives = scene.isQuick ? 3 : 8
  for (let life = 0; life < lives; life++) {
    await drain.listening()
    await scene.lasts(scene.between(1_000, 4_000))
    await drain.kill()
    drain.start()
  }
  await scene.lasts(scene.isQuick ? 4_000 : 30_000)
  const fired = new Set<string>()
  await until(
    'ten kinds of faults to strike',
    async () => {
      for (const { fault } of await simulator.faultsFired()) fired.add(fault)
      return fired.size >= 10
    },
    longestRetryMs,
  )
  await simulator.clearFaults()
  await scene.traffic.stop()
  await ledgerSays(scene, 'every window of the past is closed', new Set())

  const hidden = await hideForGood(scene, scene.between(1, 9))
  await ledgerSays(scene, `precisely the windows of ${hidden.size} hidden events miss rows`, hidden)
  // They are shown in the end, and then they have to arrive.
  await simulator.show()
  scene.notes.push(
    `${fired.size} kinds of faults, ${lives} kills, ${hidden.size} windows named and no others`,
  )
}

async function lateRows(scene: Scene): Promise<void> {
  const nowMs = scene.clock.now()
  await scene.simulator.insert(
    Array.from({ length: scene.between(20, 60) }, () => ({
      createdAtUs: scene.hoursAgoUs(4 * scene.random()),
      visibleAtMs: nowMs + scene.between(0, 6_000),
    })),
  )
}

/** Counted by Cloud Controller, and never shown. Returns when their windows begin. */
async function hideForGood(scene: Scene, count: number): Promise<ReadonlySet<string>> {
  const begins = new Set<string>()
  const rows = Array.from({ length: count }, (_, i) => {
    const createdAtUs = scene.hoursAgoUs(1 + scene.random() * 20)
    begins.add(windowOf(createdAtUs / 1e6))
    return { guid: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, createdAtUs }
  })
  await scene.simulator.hide(rows)
  return begins
}

/**
 * Asks `cf-audit-drain ledger`, beside the running drain, until it names those that miss rows and no others. A fault
 * deletes rows: those that are held are gone, and their windows say so for good. All of them have to be named before
 * rows are hidden: in the count of a span that holds both, one would make up for the other.
 */
async function ledgerSays(scene: Scene, what: string, missing: ReadonlySet<string>): Promise<void> {
  let wrong: readonly string[] = ['nothing at all']
  const asked = async () => {
    wrong = wrongIn(await ledgerOf(scene), missing, deletedIn(scene))
    return wrong.length === 0
  }
  await until(what, asked, 2 * longestRetryMs, 1_000).catch(error => {
    throw new Error(`${error.message}; wrong are ${wrong.join(', ')}`)
  })
}

/** Of the rows that were deleted in a window. */
interface Deleted {
  readonly rows: number
  /** Are in the log. The others were never shown, or are dead letters. */
  readonly held: number
}

/** By when the window begins. */
function deletedIn(scene: Scene): ReadonlyMap<string, Deleted> {
  const held = new Set(readLog(scene.drain.database).events.map(({ guid }) => guid))
  const deleted = new Map<string, Deleted>()
  for (const row of readShown(scene.simulator.historyFile).values()) {
    if (!row.deleted) continue
    const from = windowOf(row.createdAtSec)
    const before = deleted.get(from) ?? { rows: 0, held: 0 }
    deleted.set(from, { rows: before.rows + 1, held: before.held + (held.has(row.guid) ? 1 : 0) })
  }
  return deleted
}

async function ledgerOf(scene: Scene): Promise<readonly Window[]> {
  const outputFile = join(scene.folder, `ledger-${scene.clock.monotonic()}.out`)
  const child = new Child({
    command: places.drain,
    args: ['ledger', '--csv', '--config', join(scene.folder, 'drain.yaml')],
    outputFile,
    errorFile: join(scene.folder, 'ledger.err'),
  })
  await child.exited
  const [names = [], ...lines] = readFileSync(outputFile, 'utf8')
    .trim()
    .split('\n')
    .map(line => line.split(','))
  return lines.map(values => {
    const of = (name: string) => values[names.indexOf(name)] ?? ''
    return { from: of('from'), state: of('state'), missing: Number(of('missing')), gone: Number(of('gone')) }
  })
}

/** Those that are not as they should be; the two newest may be open. */
function wrongIn(
  windows: readonly Window[],
  hidden: ReadonlySet<string>,
  deleted: ReadonlyMap<string, Deleted>,
): readonly string[] {
  if (windows.length === 0) return ['nothing at all']
  const settledBefore = isoSec(Date.parse(windows.at(-1)?.from ?? '') / 1000 - 2 * windowSec)
  const named = new Set(windows.filter(({ missing }) => missing > 0).map(({ from }) => from))
  const isRight = ({ from, state, missing, gone }: Window) => {
    const { rows, held } = deleted.get(from) ?? { rows: 0, held: 0 }
    if (missing > 0 !== hidden.has(from) || gone > rows) return false
    if (state === 'open') return from >= settledBefore
    return gone >= held && (state === 'short') === (missing > 0 || gone > 0)
  }
  return [
    ...windows.filter(window => !isRight(window)).map(window => JSON.stringify(window)),
    ...[...hidden].filter(from => !named.has(from)),
  ]
}

function windowOf(sec: number): string {
  return isoSec(Math.floor(sec / windowSec) * windowSec)
}

function isoSec(sec: number): string {
  return new Date(sec * 1000).toISOString().replace('.000Z', 'Z')
}

const ruleOf = (fault: FaultName) => ({
  fault,
  probability: 0.04,
  count: 1_000,
  durationMs: 700,
  rows: 3,
})

export const everythingAtOnce: Kind = {
  name: 'everything',
  title: 'all faults of Cloud Controller at once and kills; the ledger names hidden events and nothing else',
  options: () => ({ requestTimeout: '2s', verifyInterval: '10s' }),
  before: async scene => {
    await scene.simulator.fault(...met.map(ruleOf))
  },
  play: everything,
}

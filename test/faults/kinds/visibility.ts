import { readFileSync } from 'node:fs'
import type { Kind } from '../kind.ts'
import { places } from '../places.ts'
import type { Scene } from '../scene.ts'

const hourMs = 3_600_000

async function lateRows(scene: Scene): Promise<void> {
  for (let batch = 0; batch < 6; batch++) {
    const nowMs = scene.clock.now()
    const rows = Array.from({ length: scene.between(3, 12) }, () => {
      const visibleAtMs = nowMs + scene.between(0, 3_000)
      const lateMs = Math.exp(scene.random() * Math.log(4 * hourMs))
      return { createdAtUs: Math.floor((visibleAtMs - lateMs) * 1000), visibleAtMs }
    })
    await scene.simulator.insert(rows)
    await scene.lasts(500)
  }
  await scene.simulator.insert([{ createdAtUs: (scene.clock.now() - 4 * hourMs) * 1000 }])
  await scene.lasts(3_000)
  scene.notes.push('the latest came 4 h after its stamp')
}

/** Three rows of one second, the newest there is; two of them visible only when the first has been read. */
async function cursorSeconds(scene: Scene): Promise<void> {
  for (let round = 0; round < 5; round++) {
    const nowMs = scene.clock.now()
    const secondUs = Math.floor(nowMs / 1000) * 1e6
    const at = (delayMs: number) => ({
      createdAtUs: secondUs + scene.between(0, 999_999),
      ...(delayMs > 0 ? { visibleAtMs: nowMs + delayMs } : {}),
    })
    await scene.simulator.insert([at(0), at(scene.between(1_100, 2_000)), at(scene.between(2_000, 4_000))])
    await scene.lasts(scene.between(700, 1_300))
  }
  await scene.lasts(4_000)
}

interface Traced {
  readonly type: string
  readonly createdMs: number
  readonly visibleMs: number
}

/** The two stretches of the recording in which much happens, in its own time; between them little does. */
function stretch(second: boolean): readonly Traced[] {
  const rows = readFileSync(places.trace, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string; created_at: string; visible_at: string })
    .map(row => ({
      type: row.type,
      createdMs: Date.parse(row.created_at),
      visibleMs: Date.parse(row.visible_at),
    }))
  const startMs = Math.min(...rows.map(row => row.createdMs))
  const [fromMs, toMs] = second ? [startMs + 99_000, startMs + 122_000] : [startMs, startMs + 30_000]
  return rows.filter(row => row.createdMs >= fromMs && row.createdMs < toMs)
}

async function replayTrace(scene: Scene): Promise<void> {
  const rows = stretch(scene.random() < 0.3)
  await scene.lasts(scene.between(0, 2_000))
  const shiftMs = scene.clock.now() - Math.min(...rows.map(row => row.createdMs)) + 200
  await scene.simulator.insert(
    rows.map(({ type, createdMs, visibleMs }) => ({
      type,
      createdAtUs: (createdMs + shiftMs) * 1000,
      visibleAtMs: visibleMs + shiftMs,
    })),
  )
  // Until the simulator has shown the last one too: what appears while the drain is being stopped proves nothing.
  await scene.lasts(Math.max(...rows.map(row => row.visibleMs)) + shiftMs - scene.clock.now() + 1_000)
  scene.notes.push(`${rows.length} rows of the recording`)
}

export const visibility: readonly Kind[] = [
  { name: 'late-rows', title: 'rows up to 4 h late', play: lateRows },
  {
    name: 'cursor-second',
    title: "three rows in the cursor's second, two visible later",
    options: () => ({ liveEventsPerSecond: 0 }),
    play: cursorSeconds,
  },
  {
    name: 'recorded-trace',
    title: 'the recorded trace, polled every 1, 5 and 10 s',
    options: () => ({
      liveEventsPerSecond: 0,
      foundations: [
        { name: 'every-1s', pollInterval: '1s' },
        { name: 'every-5s', pollInterval: '5s' },
        { name: 'every-10s', pollInterval: '10s' },
      ],
    }),
    play: replayTrace,
  },
]

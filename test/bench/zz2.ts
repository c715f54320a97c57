import { mkdtempSync, cpSync, existsSync } from 'node:fs'
import { systemClock } from '@cf-audit-drain/pipeline'
import { Simulator } from '../faults/simulator.ts'
import { startDrain, cpuSeconds, rssMiB } from './drain.ts'
import { Receiver } from './receiver.ts'
import { fillLog } from './measures.ts'
const N = 400000
if (!existsSync('/tmp/b/filled')) await fillLog('/tmp/b/filled', N)
const f = mkdtempSync('/tmp/b/sp-')
cpSync('/tmp/b/filled', f + '/data', { recursive: true })
const simulator = await Simulator.start(f, [], { witnessed: false })
const receiver = await Receiver.start(f)
const drain = startDrain(f, simulator, ['--start-from', 'now'], { SINK_URL: `syslog://127.0.0.1:${receiver.port}` })
let best = 0, bestCpu = 1e9
const samples: [number, number, number][] = []
while (receiver.count.frames < N) {
  await systemClock.sleep(50)
  samples.push([systemClock.monotonic(), receiver.count.frames, cpuSeconds(drain.pid)])
}
for (let i = 20; i < samples.length; i++) { const a = samples[i-20]!, b = samples[i]!; const r = (b[1]-a[1])/(b[0]-a[0])*1000; if (r>best) best=r; if (b[1]-a[1]>20000) bestCpu=Math.min(bestCpu,(b[2]-a[2])/(b[1]-a[1])*1e6) }
console.log('best 1s rate', Math.round(best), 'best cpu us/event', bestCpu.toFixed(1), 'rss', rssMiB(drain.pid).highest|0)
await drain.stop(5000); await simulator.stop(); await receiver.stop()

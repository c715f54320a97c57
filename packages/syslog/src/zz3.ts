import { syslogCodec } from './codec.ts'
import { writeFrame } from './framing.ts'
import { recordedEvents } from './testing/recorded-events.ts'
const events = recordedEvents()
const codec = syslogCodec({})
const buf = Buffer.allocUnsafe(1 << 20)
for (let r = 0; r < 5; r++) {
let c = process.cpuUsage(); let n = 0
for (; n < 300_000; ) for (const e of events) { writeFrame('octet-counting', codec.encode(e), buf, 0); n++ }
let u = process.cpuUsage(c); console.log('cpu ev/s', Math.round(n * 1e6 / (u.user + u.system)))
}
const msgs = events.map(e => codec.encode(e))
let c = process.cpuUsage(); let n = 0
for (; n < 500_000; ) for (const m of msgs) { writeFrame('octet-counting', m, buf, 0); n++ }
let u = process.cpuUsage(c); console.log('write only', Math.round(n * 1e6 / (u.user + u.system)))

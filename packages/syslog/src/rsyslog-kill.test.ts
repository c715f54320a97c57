import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditEvent } from '@cf-audit-drain/event'
import { type Batch, seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { syslogSink } from './sink.ts'
import { recordedEvents } from './testing/recorded-events.ts'
import { freePort, hasProgram, type Rsyslogd, startRsyslogd } from './testing/rsyslogd.ts'

/** Longer runs: KILL_SEEDS=1,2,3,4 KILLS=60. */
const seeds = (process.env['KILL_SEEDS'] ?? '1,2,3').split(',').map(Number)
const kills = Number(process.env['KILLS'] ?? 8)

for (const seed of seeds) {
  test(`no event is missing and duplicates are bounded when rsyslogd is killed -9 in mid-stream, seed ${seed}`, async t => {
    if (!hasProgram(t, 'rsyslogd', 'rsyslog')) return
    const folder = await mkdtemp(join(tmpdir(), 'syslog-kill-'))
    const random = seededRandom(seed)
    const port = await freePort()
    let receiver: Rsyslogd = await startRsyslogd({ folder, port })
    t.after(async () => {
      await receiver.stop()
      await rm(folder, { recursive: true, force: true })
    })

    const recorded = recordedEvents()
    const events = [...recorded, ...recorded]
    const sink = syslogSink({ host: '127.0.0.1', port, confirmTimeoutMs: 5_000 }, { clock: systemClock })
    const killer = new AbortController()
    const killing = (async () => {
      for (let kill = 0; kill < kills; kill++) {
        await systemClock.sleep(20 + random() * 150)
        receiver.kill('SIGKILL')
        await receiver.stop()
        receiver = await startRsyslogd({ folder, port })
      }
      killer.abort()
    })()

    let sent = 0
    let unconfirmed = 0
    const confirmed = new Set<string>()
    while (!killer.signal.aborted) {
      const size = 1 + Math.floor(random() ** 3 * 1_500)
      const batch = events
        .slice(sent % recorded.length, (sent % recorded.length) + size)
        .map((event, index) => ({
          ...event,
          guid: `event-${seed}-${sent + index}`,
        })) as unknown as Batch<AuditEvent>
      for (;;) {
        try {
          await sink.write(batch, AbortSignal.timeout(20_000))
          break
        } catch {
          unconfirmed += batch.length
          await systemClock.sleep(5)
        }
      }
      for (const { guid } of batch) confirmed.add(guid)
      sent += batch.length
    }
    await killing

    const copies = new Map<string, number>()
    for (const line of await receiver.lines()) {
      const guid = / externalId=(event-\S+) /.exec(line)?.[1]
      if (guid) copies.set(guid, (copies.get(guid) ?? 0) + 1)
    }
    const missing = [...confirmed].filter(guid => !copies.has(guid))
    const doubled = [...copies.values()].reduce((sum, count) => sum + count - 1, 0)
    t.diagnostic(
      `${sent} events, ${kills} kills, ${unconfirmed} sent in writes that failed, ${doubled} doubled, ${missing.length} missing`,
    )
    assert.equal(missing.length, 0, `missing: ${missing.slice(0, 3)}`)
    assert.ok(doubled <= unconfirmed, `${doubled} doubled, but only ${unconfirmed} were in failed writes`)
  })
}

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { AuditEvent } from '@cf-audit-drain/event'
import { type Batch, systemClock } from '@cf-audit-drain/pipeline'
import { syslogCodec } from './codec.ts'
import { type SyslogSinkOptions, syslogSink } from './sink.ts'
import { Authority } from './testing/certificates.ts'
import { recordedEvents, unusualEvents } from './testing/recorded-events.ts'
import { freePort, hasProgram, type RsyslogdOptions, startRsyslogd } from './testing/rsyslogd.ts'

const never = new AbortController().signal
const events = [...recordedEvents(), ...unusualEvents()] as unknown as Batch<AuditEvent>

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'syslog-rsyslog-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Sends every event twice over, in two writes, and looks at what rsyslogd wrote. */
async function eachArrivesOnce(
  t: TestContext,
  folder: string,
  options: Partial<SyslogSinkOptions>,
  receiver: Partial<RsyslogdOptions> = {},
): Promise<void> {
  const port = await freePort()
  const rsyslogd = await startRsyslogd({ folder, port, ...receiver })
  t.after(() => rsyslogd.stop())
  const sink = syslogSink({ host: '127.0.0.1', port, ...options }, { clock: systemClock })
  await sink.connect(never)
  await sink.check(never)
  const outcomes = await sink.write(events, never)
  assert.ok(outcomes.every(outcome => outcome.kind === 'delivered'))
  // Read at once: what is confirmed is in the file, because the ruleset has no queue.
  const codec = syslogCodec(options)
  assert.deepEqual(
    await rsyslogd.lines(),
    events.map(event => codec.encode(event)),
  )
}

for (const framing of ['octet-counting', 'lf'] as const) {
  for (const format of ['cef', 'json'] as const) {
    test(`TCP, ${framing}, ${format}: every recorded and unusual event is one line in rsyslog's file`, async t => {
      if (!hasProgram(t, 'rsyslogd', 'rsyslog')) return
      await eachArrivesOnce(t, await folderOf(t), { framing, format })
    })
  }
}

test('the default length stays below the default limit of rsyslog, which splits what is longer', async t => {
  if (!hasProgram(t, 'rsyslogd', 'rsyslog')) return
  await eachArrivesOnce(t, await folderOf(t), { format: 'json' }, { maxMessageSize: '8k' })
})

for (const mutual of [false, true]) {
  test(`${mutual ? 'mutual ' : ''}TLS: every event is one line in rsyslog's file`, async t => {
    if (!hasProgram(t, 'rsyslogd', 'rsyslog') || !hasProgram(t, 'openssl', 'openssl')) return
    const folder = await folderOf(t)
    const authority = new Authority(folder, 'authority.test')
    const server = authority.issue('siem.test')
    const client = authority.issue('client.test')
    const receiver = {
      global: `DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="${authority.certFile}" DefaultNetstreamDriverCertFile="${server.certFile}" DefaultNetstreamDriverKeyFile="${server.keyFile}"`,
      module: `StreamDriver.Name="gtls" StreamDriver.Mode="1" ${mutual ? 'StreamDriver.AuthMode="x509/name" PermittedPeer=["client.test"]' : 'StreamDriver.AuthMode="anon"'}`,
    }
    const tls = { caFile: authority.certFile, serverName: 'siem.test' }
    await eachArrivesOnce(t, folder, { tls: mutual ? { ...tls, ...client } : tls }, receiver)
  })
}

test('a rsyslog that refuses our client certificate confirms nothing, and the error names the certificate', async t => {
  if (!hasProgram(t, 'rsyslogd', 'rsyslog') || !hasProgram(t, 'openssl', 'openssl')) return
  const folder = await folderOf(t)
  const authority = new Authority(folder, 'authority.test')
  const server = authority.issue('siem.test')
  const other = authority.issue('other.test')
  const port = await freePort()
  const rsyslogd = await startRsyslogd({
    folder,
    port,
    global: `DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="${authority.certFile}" DefaultNetstreamDriverCertFile="${server.certFile}" DefaultNetstreamDriverKeyFile="${server.keyFile}"`,
    module:
      'StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/name" PermittedPeer=["client.test"]',
  })
  t.after(() => rsyslogd.stop())
  const caFile = authority.certFile
  const few = events.slice(0, 3) as unknown as Batch<AuditEvent>
  for (const tls of [
    { caFile, serverName: 'siem.test' },
    { caFile, serverName: 'siem.test', ...other },
  ]) {
    const sink = syslogSink({ host: '127.0.0.1', port, tls }, { clock: systemClock })
    await assert.rejects(sink.write(few, never), /client certificate/)
    await assert.rejects(sink.check(never), /client certificate/)
  }
  assert.deepEqual(await rsyslogd.lines(), [])
})

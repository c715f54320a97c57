import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type Clock, NotConnectedError, systemClock } from '@cf-audit-drain/pipeline'
import { type SyslogSinkOptions, syslogSink } from './sink.ts'
import { SyslogError, type SyslogFault } from './syslog-error.ts'
import { Authority, type Certificate } from './testing/certificates.ts'
import { Receiver } from './testing/receiver.ts'
import { freePort, hasProgram, until } from './testing/rsyslogd.ts'
import { sampleBatch } from './testing/sample-event.ts'

const host = '127.0.0.1'
const never = new AbortController().signal
/** More than two kernels take unread (each at most 6 MiB by default). */
const floodMessages = 12_000
const flood = { data: JSON.stringify({ request: 'x'.repeat(3_500) }) }

function sinkTo(port: number, options: Partial<SyslogSinkOptions> = {}, clock: Clock = systemClock) {
  return syslogSink({ host, port, ...options }, { clock })
}

async function receiver(t: TestContext, ...args: Parameters<typeof Receiver.start>): Promise<Receiver> {
  const started = await Receiver.start(...args)
  t.after(() => started.stop())
  return started
}

function fault(expected: SyslogFault, words: RegExp = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof SyslogError, `a SyslogError and not ${error}`)
    assert.equal(error.fault, expected, error.message)
    assert.match(error.message, words)
    return true
  }
}

/** The same, found out before a byte of the batch was sent. */
function notConnected(expected: SyslogFault, words?: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof NotConnectedError, `a NotConnectedError and not ${error}`)
    return fault(expected, words)(error.cause)
  }
}

function handles(): number {
  return process.getActiveResourcesInfo().filter(name => /TCP|TLS|Timeout|Pipe/.test(name)).length
}

describe('a receiver that behaves', () => {
  test('one that reads to the end and closes confirms every record', async t => {
    const good = await receiver(t, (socket, r) => r.readAll(socket))
    const outcomes = await sinkTo(good.port).write(sampleBatch(1_000), never)
    assert.deepEqual(new Set(outcomes.map(o => o.kind)), new Set(['delivered']))
    assert.equal(outcomes.length, 1_000)
    assert.equal(good.received.match(/externalId=event-\d+ /g)?.length, 1_000)
  })

  test('one that talks (a banner) is listened to and not believed', async t => {
    const good = await receiver(t, (socket, r) => {
      socket.write('220 welcome\r\n'.repeat(10_000))
      r.readAll(socket)
    })
    assert.equal((await sinkTo(good.port).write(sampleBatch(3), never)).length, 3)
  })

  test('one that reads nothing for a while and then goes on is waited for', async t => {
    const slow = await receiver(t, (socket, r) => {
      void systemClock.sleep(300).then(() => r.readAll(socket))
    })
    const outcomes = await sinkTo(slow.port).write(sampleBatch(floodMessages, flood), never)
    assert.equal(outcomes.length, floodMessages)
    assert.equal(slow.received.match(/externalId=event-\d+ /g)?.length, floodMessages)
  })

  test('a batch is encoded as the receiver takes it, not at once', async t => {
    let paused = true
    const slow = await receiver(t, (socket, r) => {
      void until(() => !paused, 10_000).then(() => r.readAll(socket))
    })
    let encoded = 0
    const batch = sampleBatch(floodMessages, flood).map(event => ({
      ...event,
      get guid() {
        encoded++
        return event.guid
      },
    }))
    const writing = sinkTo(slow.port).write(batch as never, never)
    let last = -1
    await until(async () => {
      const still = encoded === last && encoded > 0
      last = encoded
      await systemClock.sleep(50)
      return still
    }, 5_000)
    const stalled = encoded
    paused = false
    await writing
    assert.ok(stalled < encoded / 2, `${stalled} of ${encoded} while nothing was read`)
  })

  test('LF framing ends each message with a line feed', async t => {
    const good = await receiver(t, (socket, r) => r.readAll(socket))
    await sinkTo(good.port, { framing: 'lf' }).write(sampleBatch(3), never)
    assert.match(good.received, /^(<\d+>1 [^\n]+\n){3}$/)
  })
})

describe('a receiver that does not', () => {
  test('one that refuses is unreachable, and the error says where', async () => {
    const port = await freePort()
    await assert.rejects(
      sinkTo(port).write(sampleBatch(1), never),
      notConnected('unreachable', new RegExp(`127.0.0.1:${port}.*ECONNREFUSED`)),
    )
  })

  test('a black hole that accepts and never reads times out', async t => {
    const hole = await receiver(t, () => {})
    await assert.rejects(
      sinkTo(hole.port, { confirmTimeoutMs: 300 }).write(sampleBatch(floodMessages, flood), never),
      fault('timeout', /took no byte for 300 ms/),
    )
  })

  test('a small batch into a black hole is not confirmed either', async t => {
    const hole = await receiver(t, () => {})
    await assert.rejects(
      sinkTo(hole.port, { confirmTimeoutMs: 200 }).write(sampleBatch(1), never),
      fault('timeout', /did not answer the end of the connection within 200 ms/),
    )
  })

  test('one that resets in mid-frame', async t => {
    const bad = await receiver(t, socket => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    await assert.rejects(sinkTo(bad.port).write(sampleBatch(5_000), never), SyslogError)
  })

  test('one that closes after the first message', async t => {
    const bad = await receiver(t, socket => {
      socket.once('data', () => socket.destroy())
    })
    for (let attempt = 0; attempt < 20; attempt++) {
      await assert.rejects(sinkTo(bad.port).write(sampleBatch(1), never), fault('closed'))
    }
  })

  test('one that closes before it reads', async t => {
    const bad = await receiver(t, socket => socket.destroy())
    for (let attempt = 0; attempt < 20; attempt++) {
      await assert.rejects(sinkTo(bad.port).write(sampleBatch(1), never), SyslogError)
    }
  })

  test('one that ends its side early and reads on cannot confirm', async t => {
    const bad = await receiver(t, (socket, r) => {
      socket.end()
      r.readAll(socket)
    })
    await assert.rejects(
      sinkTo(bad.port).write(sampleBatch(2_000), never),
      fault('closed', /closed the connection before we did/),
    )
  })

  test('one that resets instead of answering our FIN', async t => {
    const bad = await receiver(t, socket => {
      socket.resume()
      socket.on('end', () => socket.resetAndDestroy())
    })
    await assert.rejects(sinkTo(bad.port).write(sampleBatch(10), never), fault('reset'))
  })

  test('one that closes at a random moment never confirms what it has not read', async t => {
    const all = sampleBatch(3_000)
    let limit = 0
    const bad = await receiver(t, (socket, r) => {
      let read = 0
      r.readAll(socket)
      socket.on('data', chunk => {
        read += chunk.length
        if (read > limit) socket.destroy()
      })
    })
    for (let attempt = 0; attempt < 30; attempt++) {
      limit = attempt * 100_000
      const before = bad.receivedBytes
      const confirmed = await sinkTo(bad.port)
        .write(all, never)
        .then(
          () => true,
          () => false,
        )
      if (confirmed) assert.ok(bad.receivedBytes - before > 2_000_000, `attempt ${attempt}`)
      else assert.ok(limit < 3_500_000, `attempt ${attempt} was refused although it was read`)
    }
  })
})

describe('stopping', () => {
  test('an aborted write rejects with the reason of the signal and leaves no handle', async t => {
    const hole = await receiver(t, () => {})
    const before = handles()
    const stop = new AbortController()
    const writing = sinkTo(hole.port).write(sampleBatch(floodMessages, flood), stop.signal)
    await until(() => hole.sockets.length === 1, 5_000)
    stop.abort(new Error('shutting down'))
    await assert.rejects(writing, /shutting down/)
    for (const socket of hole.sockets) socket.destroy()
    await until(() => handles() <= before, 5_000)
  })

  test('a signal aborted before the write opens nothing', async t => {
    const good = await receiver(t, (socket, r) => r.readAll(socket))
    await assert.rejects(sinkTo(good.port).write(sampleBatch(1), AbortSignal.abort(new Error('no'))), /no/)
    assert.equal(good.sockets.length, 0)
  })

  test('a hundred writes, half of them broken, leave no socket, timer or listener behind', async t => {
    let turn = 0
    const moody = await receiver(t, (socket, r) => {
      r.readAll(socket)
      socket.once('data', () => {
        if (turn++ % 2) socket.resetAndDestroy()
      })
    })
    const sink = sinkTo(moody.port)
    const before = handles()
    const stop = new AbortController()
    let failed = 0
    for (let i = 0; i < 100; i++) await sink.write(sampleBatch(5), stop.signal).catch(() => failed++)
    assert.equal(failed, 50)
    for (const socket of moody.sockets) socket.destroy()
    await until(() => handles() <= before, 5_000)
    await sink.close()
    await sink.close()
  })
})

test('a record that cannot be encoded is rejected alone', async t => {
  const good = await receiver(t, (socket, r) => r.readAll(socket))
  const [first, second, third] = sampleBatch(3)
  const broken = { ...second, type: undefined as unknown as string } as typeof first
  const outcomes = await sinkTo(good.port).write([first, broken, third as typeof first], never)
  assert.deepEqual(
    outcomes.map(o => o.kind),
    ['delivered', 'rejected', 'delivered'],
  )
  assert.equal(good.received.match(/externalId=event-/g)?.length, 2)
})

test('check sends nothing and reports what it learned', async t => {
  const good = await receiver(t, (socket, r) => r.readAll(socket))
  const check = await sinkTo(good.port).check(never)
  assert.equal(good.receivedBytes, 0)
  assert.equal(check.tls, null)
  assert.ok(check.connectMs >= 0 && check.confirmMs >= 0)
})

test('a wrong option is said at once', () => {
  assert.throws(
    () => sinkTo(1, { maxMessageBytes: 100 }),
    /maxMessageBytes is 100; it must be a whole number from 480/,
  )
  assert.throws(() => sinkTo(1, { facility: 24 }), /facility is 24/)
  assert.throws(() => sinkTo(1, { tls: { certFile: '/x' } }), /both certFile and keyFile/)
})

describe('TLS', () => {
  let folder = ''
  let authority: Authority
  let server: Certificate
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'syslog-tls-'))
    authority = new Authority(folder, 'authority.test')
    server = authority.issue('siem.test')
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const material = (certificate: Certificate) => ({
    cert: readFileSync(certificate.certFile),
    key: readFileSync(certificate.keyFile),
  })
  const tlsReceiver = (t: TestContext, certificate = server, more = {}) =>
    receiver(t, (socket, r) => r.readAll(socket), { ...material(certificate), ...more })

  test('delivers, and check names the certificate', async t => {
    if (!hasProgram(t, 'openssl', 'openssl')) return
    const good = await tlsReceiver(t)
    const sink = sinkTo(good.port, { tls: { caFile: authority.certFile, serverName: 'siem.test' } })
    await sink.connect(never)
    assert.equal((await sink.write(sampleBatch(2_000), never)).length, 2_000)
    assert.equal(good.received.match(/externalId=event-\d+ /g)?.length, 2_000)
    const { tls } = await sink.check(never)
    assert.equal(tls?.protocol, 'TLSv1.3')
    assert.equal(tls?.serverSubject, 'siem.test')
  })

  test('the address is a name too, when the certificate has it', async t => {
    const good = await tlsReceiver(t)
    assert.equal(
      (await sinkTo(good.port, { tls: { caFile: authority.certFile } }).write(sampleBatch(1), never)).length,
      1,
    )
  })

  test('another authority, another name, an expired certificate: each is said in one sentence', async t => {
    const good = await tlsReceiver(t)
    const stranger = new Authority(folder, 'stranger.test')
    const caFile = authority.certFile
    const write = (port: number, tls: SyslogSinkOptions['tls']) =>
      sinkTo(port, { ...(tls && { tls }) }).write(sampleBatch(1), never)
    await assert.rejects(
      write(good.port, { caFile: stranger.certFile, serverName: 'siem.test' }),
      notConnected('tls', /certificate/),
    )
    await assert.rejects(write(good.port, { caFile, serverName: 'other.test' }), notConnected('tls', /other\.test/))
    const old = await tlsReceiver(t, authority.issue('old.test', { expired: true }))
    await assert.rejects(write(old.port, { caFile, serverName: 'old.test' }), notConnected('tls', /expired/))
    assert.equal(good.receivedBytes, 0)
  })

  test('TLS to a port that speaks plain TCP fails as TLS', async t => {
    const plain = await receiver(t, socket => {
      socket.resume()
      socket.write('hello\n')
    })
    await assert.rejects(sinkTo(plain.port, { tls: {} }).write(sampleBatch(1), never), notConnected('tls'))
  })

  test('a handshake that never ends times out', async t => {
    const mute = await receiver(t, socket => socket.resume())
    await assert.rejects(
      sinkTo(mute.port, { tls: {}, connectTimeoutMs: 200 }).write(sampleBatch(1), never),
      notConnected('timeout', /did not accept a connection within 200 ms/),
    )
  })

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`${version}: a missing or foreign client certificate is an error that says so, and a good one delivers`, async t => {
      const ca = readFileSync(authority.certFile)
      const strict = await tlsReceiver(t, server, {
        ca,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      })
      const caFile = authority.certFile
      const sink = (tls: object) => sinkTo(strict.port, { tls: { caFile, serverName: 'siem.test', ...tls } })
      const foreign = new Authority(folder, `foreign-${version}.test`).issue('thief.test')
      for (let attempt = 0; attempt < 10; attempt++) {
        await assert.rejects(sink({}).write(sampleBatch(1), never), /none is configured/)
        await assert.rejects(sink(foreign).write(sampleBatch(1), never), /may refuse our client certificate/)
      }
      await assert.rejects(sink({}).check(never), /none is configured/)
      assert.equal((await sink(authority.issue('client.test')).write(sampleBatch(1), never)).length, 1)
    })
  }

  test('changed files are used by the next write; broken ones are warned about once and the old ones kept', async t => {
    const first = await tlsReceiver(t)
    const other = new Authority(folder, 'second-authority.test')
    const second = await tlsReceiver(t, other.issue('siem2.test'))
    const caFile = join(folder, 'rotating.pem')
    writeFileSync(caFile, readFileSync(authority.certFile))
    const warnings: string[] = []
    const to = (port: number, serverName: string) =>
      syslogSink(
        { host, port, tls: { caFile, serverName } },
        { clock: systemClock, onWarning: text => warnings.push(text) },
      )
    const old = to(first.port, 'siem.test')
    await old.write(sampleBatch(1), never)
    writeFileSync(caFile, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n')
    await old.write(sampleBatch(1), never)
    await old.write(sampleBatch(1), never)
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /rotating\.pem.*the ones read before stay in use/)
    await assert.rejects(to(first.port, 'siem.test').connect(never), fault('config', /rotating\.pem/))
    writeFileSync(caFile, readFileSync(other.certFile))
    await assert.rejects(old.write(sampleBatch(1), never), notConnected('tls'))
    assert.equal((await to(second.port, 'siem2.test').write(sampleBatch(1), never)).length, 1)
  })
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { SyslogError } from './syslog-error.ts'
import { DyingReceiver } from './testing/dying-receiver.ts'
import { fault, notConnected } from './testing/expected-fault.ts'
import { hurriedClock } from './testing/hurried-clock.ts'
import { freePort, until } from './testing/rsyslogd.ts'
import { sampleBatch, sampleEvent } from './testing/sample-event.ts'
import { never, receiver, sinkTo } from './testing/sink-to.ts'

/** More than two kernels take unread (each at most 6 MiB by default). */
const floodMessages = 12_000
const flood = { data: JSON.stringify({ request: 'x'.repeat(3_500) }) }

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

  test('one that closes after the first of many messages', async t => {
    const bad = await receiver(t, socket => {
      socket.once('data', () => socket.destroy())
    })
    for (let attempt = 0; attempt < 20; attempt++) {
      await assert.rejects(sinkTo(bad.port).write(sampleBatch(2_000), never), SyslogError)
    }
  })

  test('one that closes after the only message, while we wait for such', async t => {
    let closed = false
    const bad = await receiver(t, socket => {
      socket.once('data', () => {
        socket.destroy()
        closed = true
      })
    })
    const waitsForTheClose: Clock = {
      ...systemClock,
      sleep: (ms, signal) => (ms > 1_000 ? systemClock.sleep(ms, signal) : until(() => closed, 10_000)),
    }
    await assert.rejects(sinkTo(bad.port, {}, waitsForTheClose).write(sampleBatch(1), never), fault('closed'))
  })

  test('one that closes before it reads, and we are too busy to see it', async t => {
    const closed = new Int32Array(new SharedArrayBuffer(4))
    const thread = new Worker(new URL('testing/closing-receiver.ts', import.meta.url), { workerData: closed })
    t.after(() => thread.terminate())
    const [{ port }] = (await once(thread, 'message')) as [AddressInfo]
    const keepsUsBusy = {
      ...sampleEvent(),
      get guid() {
        const deadline = systemClock.monotonic() + 10_000
        while (Atomics.load(closed, 0) === 0) assert.ok(systemClock.monotonic() < deadline)
        return 'event-0'
      },
    }
    await assert.rejects(sinkTo(port, {}, hurriedClock).write([keepsUsBusy], never), SyslogError)
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

  test('a write that is aborted in the TLS handshake says that nothing was sent', async t => {
    const silent = await receiver(t, () => {})
    const stop = new AbortController()
    const writing = sinkTo(silent.port, { tls: {} }).write(sampleBatch(1), stop.signal)
    await until(() => silent.sockets.length === 1, 5_000)
    stop.abort(new Error('shutting down'))
    await assert.rejects(writing, { name: 'NotConnectedError', message: /shutting down/ })
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

test('a receiver that dies over what it has read, and is replaced at once, has confirmed nothing', async t => {
  const dying = await DyingReceiver.start()
  t.after(() => dying.stop())
  for (let i = 0; i < 20; i++)
    await assert.rejects(sinkTo(dying.port).write(sampleBatch(50), never), SyslogError, `write ${i}`)
  assert.equal(dying.deaths, 20)
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

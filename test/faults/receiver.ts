import { closeSync, openSync, writeSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { KillPlan, ReceiverOrder, ReceiverReport } from './receiver-orders.ts'

/**
 * A SIEM that misbehaves on demand, in a process of its own: `receiver.ts FRAMES-FILE PORT`. Every whole
 * octet-counted frame it has read is in the file, one JSON line each, before anything else happens.
 */
const [framesFile = '', portText = '0'] = process.argv.slice(2)
const frames = openSync(framesFile, 'a')
let order: ReceiverOrder = { do: 'take' }
let kill: KillPlan | null = null
let connections = 0
const open = new Set<Socket>()

const report = (message: ReceiverReport): void => {
  process.send?.(message)
}

/** Kills the drain at the moment the plan names; the kernel has then sent whatever that moment includes. */
function killAt(moment: KillPlan['at']): void {
  if (kill === null || kill.at !== moment || --kill.after > 0) return
  const { pid } = kill
  kill = null
  process.kill(pid, 'SIGKILL')
  report({ killed: pid, at: moment })
}

class Frames {
  readonly #connection: number
  #rest: Buffer = Buffer.alloc(0)

  constructor(connection: number) {
    this.#connection = connection
  }

  /** Writes the whole frames down, at most `max`; says how many. */
  take(bytes: Buffer, max = Number.POSITIVE_INFINITY): number {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let lines = ''
    let at = 0
    let count = 0
    while (count < max) {
      const space = this.#rest.indexOf(0x20, at)
      if (space < 0) break
      const length = Number(this.#rest.toString('latin1', at, space))
      if (!Number.isSafeInteger(length) || length <= 0) {
        lines += `${JSON.stringify({ connection: this.#connection, broken: this.#rest.toString('utf8', at, at + 80) })}\n`
        at = this.#rest.length
        break
      }
      const end = space + 1 + length
      if (end > this.#rest.length) break
      const frame = this.#rest.toString('utf8', space + 1, end)
      lines += `${JSON.stringify({ connection: this.#connection, frame })}\n`
      at = end
      count++
    }
    this.#rest = this.#rest.subarray(at)
    if (lines !== '') writeSync(frames, lines)
    return count
  }
}

/** What was read counts as taken, so a clean FIN may follow only on that; a reset says that the rest is lost. */
function closeAfter(socket: Socket, reading: Frames, bytes: Buffer, how: 'fin' | 'reset'): void {
  if (reading.take(bytes, how === 'reset' ? 1 : undefined) === 0) return
  socket.pause()
  if (how === 'fin') socket.destroy()
  else socket.resetAndDestroy()
}

function onConnection(socket: Socket): void {
  const reading = new Frames(++connections)
  open.add(socket)
  socket.on('close', () => open.delete(socket))
  socket.on('error', () => socket.destroy())
  const given = order
  let left = given.do === 'reset' ? given.afterBytes : Number.POSITIVE_INFINITY
  let holding = false
  socket.on('data', (bytes: Buffer) => {
    holding = given.do === 'die-holding'
    if (holding) return
    if (given.do === 'close-each') {
      closeAfter(socket, reading, bytes, given.how)
      return
    }
    reading.take(bytes.subarray(0, left))
    left -= bytes.length
    killAt('bytes')
    if (left > 0) return
    socket.resetAndDestroy()
    report({ did: 'reset' })
  })
  socket.on('end', () => {
    killAt('fin')
    if (holding) process.kill(process.pid, 'SIGKILL')
    if (given.do === 'never-close' && order.do === 'never-close') return
    socket.end(() => killAt('closed'))
  })
  if (given.do === 'read-nothing' || given.do === 'black-hole') socket.pause()
  else socket.resume()
  report({ did: 'accept' })
}

const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, onConnection)

function obey(next: ReceiverOrder): void {
  const before = order
  order = next
  if (before.do === 'read-nothing') for (const socket of open) socket.resume()
  if (before.do === 'black-hole' || before.do === 'never-close')
    for (const socket of open) socket.resetAndDestroy()
  if (next.do === 'refuse') {
    for (const socket of open) socket.resetAndDestroy()
    if (server.listening) server.close()
  } else if (!server.listening) server.listen(port(), '127.0.0.1')
}

/**
 * A SIEM has many things open. When it is killed the kernel closes them newest first: its connections before these, and
 * the socket it listens on long after.
 */
function openMany(): void {
  const descriptors: number[] = []
  try {
    while (descriptors.length < 8_000) descriptors.push(openSync('/dev/null', 'r'))
  } catch {
    for (const descriptor of descriptors.splice(-100)) closeSync(descriptor)
  }
}

let boundPort = Number(portText)
const port = (): number => boundPort

process.on('message', (message: { order?: ReceiverOrder; kill?: KillPlan | null }) => {
  if (message.order) obey(message.order)
  if (message.kill !== undefined) kill = message.kill
  report({ did: 'obey' })
})
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
server.listen(boundPort, '127.0.0.1', () => {
  boundPort = (server.address() as AddressInfo).port
  openMany()
  report({ listening: boundPort })
})

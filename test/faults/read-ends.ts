import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What the checker reads by itself: it shares no code with the product, nor with the simulator. */

export interface ShownEvent {
  readonly guid: string
  readonly type: string
  readonly createdAtSec: number
  readonly malformed: boolean
  deleted: boolean
  /** Was on a page of events that was answered whole. A request for one row is a count, and shows nothing. */
  paged: boolean
}

export interface LoggedEvent {
  readonly foundation: string
  readonly guid: string
  readonly type: string
  readonly createdAtSec: number
}

export interface LoggedState {
  readonly events: readonly LoggedEvent[]
  readonly malformed: number
  /** Refused by a sink. */
  readonly refused: number
}

export interface EmbeddedState extends LoggedState {
  readonly lastOffset: number
  readonly cursor: number
}

export interface ReceivedEvent {
  readonly foundation: string
  readonly guid: string
  readonly type: string
  readonly createdAtSec: number
  /** Only in the format that carries it whole. */
  readonly whole: Readonly<Record<string, unknown>> | null
}

function jsonLines(file: string): Record<string, unknown>[] {
  const text = readFileSync(file, 'utf8')
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  return lines
    .filter(line => line !== '')
    .map(line => JSON.parse(lastRecord(line)) as Record<string, unknown>)
}

/** A writer that was killed in mid-line leaves a piece, and the next one goes on behind it. */
function lastRecord(line: string): string {
  const start = line.startsWith('{"connection":') ? line.lastIndexOf('{"connection":') : 0
  return line.slice(start)
}

/** The simulator's own account, as it wrote it while things happened. */
export function readShown(historyFile: string): Map<string, ShownEvent> {
  const shown = new Map<string, ShownEvent>()
  for (const line of jsonLines(historyFile)) {
    if (line['kind'] === 'row') {
      const { guid, type, malformed, createdAtUs } = line as Record<string, string> & { malformed: boolean }
      const createdAtSec = Math.floor(Number(createdAtUs) / 1e6)
      const event = { guid: String(guid), type: String(type), createdAtSec, malformed: Boolean(malformed) }
      shown.set(event.guid, { ...event, deleted: false, paged: false })
    } else {
      const asked = new URL(String(line['request'] ?? '/'), 'http://simulator').searchParams
      const counts = line['kind'] === 'page' && (line['whole'] !== true || asked.get('per_page') === '1')
      if (counts) continue
      for (const guid of line['guids'] as string[]) {
        const event = shown.get(guid)
        if (event && line['kind'] === 'page') event.paged = true
        if (event && line['kind'] === 'deleted') event.deleted = true
      }
    }
  }
  return shown
}

/** The log, by the `sqlite3` command. */
export function readLog(database: string): EmbeddedState {
  const ask = (sql: string): Record<string, unknown>[] => {
    const args = ['-readonly', '-json', '-cmd', '.timeout 5000', database, sql]
    const text = execFileSync('sqlite3', args, { encoding: 'utf8', maxBuffer: 1 << 28 })
    return text.trim() === '' ? [] : (JSON.parse(text) as Record<string, unknown>[])
  }
  const events = ask('SELECT foundation, guid, type, created_at FROM events ORDER BY offset').map(row => ({
    foundation: String(row['foundation']),
    guid: String(row['guid']),
    type: String(row['type']),
    createdAtSec: Number(row['created_at']),
  }))
  const letters = ask('SELECT origin, count(*) AS n FROM dead_letters GROUP BY origin')
  const [state] = ask(
    'SELECT (SELECT max(offset) FROM events) AS last, (SELECT min(offset) FROM cursors) AS cursor',
  )
  const lettersOf = (own: boolean) =>
    letters
      .filter(row => (row['origin'] === 'poller') === own)
      .reduce((sum, row) => sum + Number(row['n']), 0)
  return {
    events,
    malformed: lettersOf(true),
    refused: lettersOf(false),
    lastOffset: Number(state?.['last'] ?? 0),
    cursor: Number(state?.['cursor'] ?? 0),
  }
}

/** Records behind the cursor: what a process that died now would send again, or for the first time. */
export function lagOf({ lastOffset, cursor }: EmbeddedState): number {
  return lastOffset - cursor
}

/** The frames of the hostile receiver (`{"frame":…}` a line) or the raw lines rsyslog wrote. */
export function readReceived(file: string, kind: 'frames' | 'lines'): ReceivedEvent[] {
  if (kind === 'frames')
    return jsonLines(file).map(line => {
      if (typeof line['frame'] !== 'string') throw new Error(`not a frame: ${JSON.stringify(line)}`)
      return receivedEvent(line['frame'])
    })
  const text = readFileSync(file, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)
    .map(line => receivedEvent(line.slice(lastHeader(line))))
}

/** Where the last message of a line begins: a killed rsyslogd leaves a piece, and the next one goes on behind it. */
function lastHeader(line: string): number {
  let at = 0
  for (const { index } of line.matchAll(/<[0-9]{1,3}>1 [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}/g)) at = index
  return at
}

/** `<PRI>1 TIME HOST APP [AUDIT/0] MSGID [SD] CEF:0|…` or the same with `{…}`. */
export function receivedEvent(message: string): ReceivedEvent {
  const cefAt = message.indexOf('CEF:0|')
  return cefAt >= 0 ? fromCef(message, message.slice(cefAt)) : fromJson(message)
}

function fromCef(message: string, cef: string): ReceivedEvent {
  const type = cef.split(/(?<!\\)\|/)[4] ?? ''
  const value = (key: string) => new RegExp(`(?:^|[ |])${key}=([^ ]*)`).exec(cef)?.[1]
  const guid = value('externalId')
  const foundation = value('deviceExternalId')
  const rt = Number(value('rt'))
  if (!guid || !foundation || !Number.isFinite(rt)) throw new Error(`no event: ${message.slice(0, 300)}`)
  return { foundation, guid, type, createdAtSec: rt / 1000, whole: null }
}

function fromJson(message: string): ReceivedEvent {
  const at = message.indexOf('] {')
  if (at < 0) throw new Error(`neither CEF nor JSON: ${message.slice(0, 300)}`)
  const whole = JSON.parse(message.slice(at + 2)) as Record<string, unknown>
  return {
    foundation: String(whole['foundation']),
    guid: String(whole['guid']),
    type: String(whole['type']),
    createdAtSec: Date.parse(String(whole['createdAt'])) / 1000,
    whole,
  }
}

import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { CompareArguments } from './compare-apis.ts'

export interface Arguments {
  readonly command:
    | 'start'
    | 'poller'
    | 'sink'
    | 'check'
    | 'topics'
    | 'schemas'
    | 'events'
    | 'ledger'
    | 'migrate'
    | 'compare-apis'
    | 'version'
    | 'help'
  readonly config?: string
  /** Options that change the configuration; the configuration judges their values. */
  readonly overrides: {
    readonly 'data-dir'?: string
    readonly 'http-address'?: string
    readonly 'log-level'?: string
    readonly 'start-from'?: string
    readonly 'poll-interval'?: string
    readonly strict?: string
  }
  readonly untilCaughtUp: boolean
  readonly dryRun: boolean
  /** What the identities see now is what they should see, though it was more before. */
  readonly acceptRights: boolean
  readonly forgetSink?: string
  readonly topics?: TopicsArguments
  readonly schemas?: SchemasArguments
  /** What `check` looks at with the eyes of. */
  readonly checkFor: CheckedPart
  readonly query: EventArguments
  readonly compare?: CompareArguments
  readonly ledger: LedgerArguments
}

export interface LedgerArguments {
  readonly foundation?: string
  readonly from?: string
  readonly to?: string
  readonly form: 'text' | 'json' | 'csv'
}

export interface TopicsArguments {
  readonly action: 'plan' | 'apply'
  /** Topics of which something may be taken away. */
  readonly allowLower: readonly string[]
  /** As it was typed. */
  readonly configFile: string | undefined
}

export interface SchemasArguments {
  readonly action: 'register' | 'check'
  readonly dryRun: boolean
}

export interface EventArguments {
  readonly foundation?: string
  readonly type?: string
  readonly actor?: string
  readonly target?: string
  readonly org?: string
  readonly since?: string
  readonly limit: number
  readonly json: boolean
}

/** What was typed cannot be understood. The message says what, and what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The part whose login and ends `check` tries. */
const checkedParts = ['start', 'poller', 'sink', 'topics'] as const
export type CheckedPart = (typeof checkedParts)[number]

const commands = [
  'start',
  'poller',
  'sink',
  'check',
  'topics',
  'schemas',
  'events',
  'ledger',
  'migrate',
  'compare-apis',
  'version',
  'help',
] as const

const configuring = {
  config: { type: 'string', short: 'c' },
  'data-dir': { type: 'string' },
  'log-level': { type: 'string' },
} as const

const polling = {
  ...configuring,
  'http-address': { type: 'string' },
  'start-from': { type: 'string' },
  'poll-interval': { type: 'string' },
  strict: { type: 'boolean' },
  'until-caught-up': { type: 'boolean' },
  'accept-rights': { type: 'boolean' },
} as const

const options = {
  start: { ...polling, 'dry-run': { type: 'boolean' }, 'forget-sink': { type: 'string' } },
  poller: polling,
  sink: { ...configuring, 'http-address': { type: 'string' }, 'until-caught-up': { type: 'boolean' } },
  check: { ...configuring, strict: { type: 'boolean' }, for: { type: 'string' } },
  topics: { ...configuring, 'allow-lower': { type: 'string', multiple: true } },
  schemas: { ...configuring, 'dry-run': { type: 'boolean' } },
  events: {
    ...configuring,
    foundation: { type: 'string' },
    type: { type: 'string' },
    actor: { type: 'string' },
    target: { type: 'string' },
    org: { type: 'string' },
    since: { type: 'string' },
    limit: { type: 'string' },
    json: { type: 'boolean' },
  },
  ledger: {
    ...configuring,
    foundation: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    json: { type: 'boolean' },
    csv: { type: 'boolean' },
  },
  migrate: { ...configuring, 'dry-run': { type: 'boolean' } },
  'compare-apis': {
    ...configuring,
    foundation: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    json: { type: 'boolean' },
  },
  version: {},
  help: {},
} as const

/** @throws UsageError */
export function readArguments(argv: readonly string[]): Arguments {
  const [first = 'help', ...rest] = argv
  const command = commands.find(one => one === first.replace(/^--/, ''))
  if (!command || first === '-h') {
    if (first === '-h') return readHelp()
    throw new UsageError(`there is no command "${first}"; the commands are ${commands.join(', ')}`)
  }
  if (command === 'help' || rest.includes('--help')) return readHelp()
  const action = command === 'topics' ? topicsAction(rest) : undefined
  const ofSchemas = command === 'schemas' ? schemasAction(rest) : undefined
  const values = parse(command, (action ?? ofSchemas) === undefined ? rest : rest.slice(1))
  const text = (name: string) => (typeof values[name] === 'string' ? { [name]: values[name] } : {})
  return {
    command,
    ...text('config'),
    overrides: {
      ...text('data-dir'),
      ...text('http-address'),
      ...text('log-level'),
      ...text('start-from'),
      ...text('poll-interval'),
      ...(values['strict'] ? { strict: 'true' } : {}),
    },
    untilCaughtUp: values['until-caught-up'] === true,
    dryRun: values['dry-run'] === true,
    acceptRights: values['accept-rights'] === true,
    ...(typeof values['forget-sink'] === 'string' ? { forgetSink: values['forget-sink'] } : {}),
    ...(action === undefined
      ? {}
      : {
          topics: { action, allowLower: list(values['allow-lower']), configFile: text('config')['config'] },
        }),
    ...(command === 'compare-apis'
      ? {
          compare: { ...text('foundation'), ...text('from'), ...text('to'), json: values['json'] === true },
        }
      : {}),
    ...(ofSchemas === undefined ? {} : { schemas: schemasArguments(ofSchemas, values['dry-run'] === true) }),
    checkFor: checkedPart(values['for']),
    query: {
      ...text('foundation'),
      ...text('type'),
      ...text('actor'),
      ...text('target'),
      ...text('org'),
      ...text('since'),
      limit: limitOf(values['limit']),
      json: values['json'] === true,
    },
    ledger: {
      ...text('foundation'),
      ...text('from'),
      ...text('to'),
      form: formOf(values),
    },
  }
}

function formOf({ csv, json }: Readonly<Record<string, unknown>>): LedgerArguments['form'] {
  if (csv === true && json === true) throw new UsageError('give --csv or --json, not both')
  return csv === true ? 'csv' : json === true ? 'json' : 'text'
}

function readHelp(): Arguments {
  return {
    command: 'help',
    overrides: {},
    untilCaughtUp: false,
    dryRun: false,
    acceptRights: false,
    checkFor: 'start',
    query: { limit: 0, json: false },
    ledger: { form: 'text' },
  }
}

function topicsAction([action]: readonly string[]): TopicsArguments['action'] {
  if (action === 'plan' || action === 'apply') return action
  throw new UsageError(
    'topics needs to be told which: topics plan shows what differs, topics apply makes and raises it',
  )
}

function schemasAction([action]: readonly string[]): SchemasArguments['action'] {
  if (action === 'register' || action === 'check') return action
  throw new UsageError(
    'schemas needs to be told which: schemas register puts the schemas of events into the registry, schemas check compares',
  )
}

function schemasArguments(action: SchemasArguments['action'], dryRun: boolean): SchemasArguments {
  if (action === 'check' && dryRun)
    throw new UsageError('--dry-run is for schemas register: check changes nothing')
  return { action, dryRun }
}

type Value = string | boolean | readonly string[] | undefined

const list = (value: Value) => (Array.isArray(value) ? (value as readonly string[]) : [])

function parse(command: Arguments['command'], rest: readonly string[]): Record<string, Value> {
  const known: NonNullable<ParseArgsConfig['options']> = options[command]
  try {
    const { values } = parseArgs({ args: [...rest], options: known, strict: true, allowPositionals: false })
    return values as Record<string, Value>
  } catch (error) {
    const names = Object.keys(known).map(name => `--${name}`)
    const takes = names.length > 0 ? `; ${command} takes ${names.join(' ')}` : `; ${command} takes no options`
    throw new UsageError(`${(error as Error).message.split('. ')[0]}${takes}`)
  }
}

function checkedPart(value: Value): CheckedPart {
  const part = checkedParts.find(one => one === (value ?? 'start'))
  if (part !== undefined) return part
  throw new UsageError(`--for is "${String(value)}"; the parts are ${checkedParts.join(', ')}`)
}

function limitOf(value: Value): number {
  if (value === undefined) return 50
  const limit = Number(value)
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new UsageError(`--limit is "${value}"; write a whole number from 1, as in --limit 100`)
  return limit
}

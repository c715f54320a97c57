import type { Exceptions, Rule } from './rule.ts'
import type { Token } from './tokenize.ts'
import { isTest, type Source } from './tree.ts'

interface Ban {
  readonly what: string
  readonly instead: string
  /** The one file or folder (with a slash at its end) where it belongs. */
  readonly home: string | null
  /** Whether the token at `at` is the forbidden one. */
  found(code: readonly Token[], at: number): boolean
}

function texts(code: readonly Token[], at: number, ...wanted: readonly string[]): boolean {
  return wanted.every((text, offset) => {
    const token = code[at + offset]
    return token?.text === text && token.kind !== 'string' && token.kind !== 'template'
  })
}

/** Names of these modules that have nothing to do with time. */
function importsOnlySetImmediate(code: readonly Token[], specifierAt: number): boolean {
  const open = code.findLastIndex((token, at) => at < specifierAt && token.text === '{')
  const names = code.slice(open + 1, specifierAt - 2).filter(({ kind }) => kind === 'word')
  return (
    names[0]?.text === 'setImmediate' &&
    !names.some(({ text }) => /^(?:scheduler|setTimeout|setInterval)$/.test(text))
  )
}

const free = (code: readonly Token[], at: number) =>
  !['.', '?.', '#'].includes(code[at - 1]?.text ?? '') || code[at - 2]?.text === 'globalThis'

const clock = 'packages/pipeline/src/clock.ts'

export const bans: readonly Ban[] = [
  {
    what: 'Date.now',
    instead: 'clock.now() of the Clock you are given',
    home: clock,
    found: (code, at) => texts(code, at, 'Date', '.', 'now'),
  },
  {
    what: 'new Date()',
    instead: 'new Date(clock.now()) with the Clock you are given',
    home: clock,
    found: (code, at) =>
      texts(code, at, 'new', 'Date') && (!texts(code, at + 2, '(') || texts(code, at + 3, ')')),
  },
  {
    what: 'performance.now',
    instead: 'clock.monotonic() of the Clock you are given',
    home: clock,
    found: (code, at) =>
      texts(code, at, 'performance', '.', 'now') || texts(code, at, 'process', '.', 'hrtime'),
  },
  ...['setTimeout', 'setInterval'].map(
    (name): Ban => ({
      what: name,
      instead: 'clock.sleep(ms, signal), or deadline(ms, signal) to end a wait',
      home: clock,
      found: (code, at) => texts(code, at, name) && free(code, at) && !texts(code, at + 1, ':'),
    }),
  ),
  {
    what: 'node:timers',
    instead: 'clock.sleep(ms, signal); in a test wait for a condition, not for time',
    home: clock,
    found: (code, at) =>
      code[at]?.kind === 'string' &&
      /^(?:node:)?timers(?:\/promises)?$/.test(code[at].text) &&
      ['from', 'import', '('].includes(code[at - 1]?.text ?? '') &&
      !importsOnlySetImmediate(code, at),
  },
  {
    what: 'Atomics.wait',
    instead: 'wait for a condition: until(condition, deadline)',
    home: null,
    found: (code, at) => texts(code, at, 'Atomics', '.', 'wait'),
  },
  {
    what: 'console',
    instead: 'the logger you are given; in the command print(); in a test t.diagnostic()',
    home: 'services/cli/src/print.ts',
    found: (code, at) => texts(code, at, 'console', '.') && free(code, at),
  },
  ...['stdout', 'stderr'].map(
    (stream): Ban => ({
      what: `process.${stream}.write`,
      instead: 'the stream you are given; in the command print()',
      home: 'services/cli/src/print.ts',
      found: (code, at) => texts(code, at, 'process', '.', stream, '.', 'write'),
    }),
  ),
  {
    what: 'Math.random',
    instead: 'the Random you are given; in a test seededRandom(seed), and print the seed',
    home: 'services/cli/src/random.ts',
    found: (code, at) => texts(code, at, 'Math', '.', 'random'),
  },
  {
    what: 'process.exit',
    instead: 'set process.exitCode and let the loop run dry, or leave it to runtime/src/shutdown.ts',
    home: 'packages/runtime/src/shutdown.ts',
    found: (code, at) => texts(code, at, 'process', '.', 'exit') && !texts(code, at + 3, '='),
  },
  {
    what: 'require',
    instead: 'import',
    home: null,
    found: (code, at) => texts(code, at, 'require', '(') && free(code, at),
  },
]

export const bannedCalls: Rule = {
  name: 'time, chance, printing and exits have one home each',
  instead: 'use what the message names; what must stay goes into exceptions.ts with its reason',
  check(tree, exceptions) {
    const faults: string[] = []
    const used = new Set<string>()
    for (const source of tree.sources.values())
      for (const ban of bans) faults.push(...faultsOf(source, ban, exceptions, used))
    for (const key of Object.keys(exceptions.calls))
      if (!used.has(key)) faults.push(`exceptions.ts: "${key}" is no longer needed under calls`)
    return faults
  },
}

function faultsOf(source: Source, ban: Ban, exceptions: Exceptions, used: Set<string>): readonly string[] {
  const { path, code } = source
  if (ban.home !== null && (path === ban.home || (ban.home.endsWith('/') && path.startsWith(ban.home))))
    return []
  const found = code.filter((_, at) => ban.found(code, at))
  const key = `${path}: ${ban.what}`
  if (found.length > 0 && exceptions.calls[key] !== undefined) {
    used.add(key)
    return []
  }
  return found.map(({ line }) => `${path}:${line}: ${ban.what} is not used here: ${ban.instead}`)
}

export const noSleepInTests: Rule = {
  name: 'a test waits for a condition, not for time',
  instead: 'until(condition, deadline), whose pause between two looks is the only sleep; or a manual clock',
  check(tree) {
    const faults: string[] = []
    for (const source of tree.sources.values()) {
      if (!isTest(source.path)) continue
      for (const [at, { line }] of source.code.entries())
        if (isFixedSleep(source.code, at) && !looksAgain(source, line))
          faults.push(`${source.path}:${line}: waits for a fixed time`)
    }
    return faults
  },
}

/** A sleep by chance, or one that a false peer is slow with, is part of what is tested; a fixed one is a guess. */
function isFixedSleep(code: readonly Token[], at: number): boolean {
  return (
    texts(code, at, 'await', 'systemClock', '.', 'sleep', '(') &&
    code[at + 5]?.kind === 'number' &&
    texts(code, at + 6, ')')
  )
}

/** Whether the innermost function round this line has a loop, or is until's condition: the pause between two looks. */
function looksAgain({ code, functions }: Source, line: number): boolean {
  const round = functions.filter(one => one.line <= line && line < one.line + one.lines)
  const inner = round.sort((a, b) => a.lines - b.lines)[0]
  if (!inner) return false
  if (inner.name === 'until') return true
  const body = code.filter(token => token.line >= inner.line && token.line < inner.line + inner.lines)
  return body.some(({ kind, text }) => kind === 'word' && (text === 'while' || text === 'for'))
}

/** A reason is at least two words. */
const reasoned = /:\s*(?!<explanation>)\S+\s+\S+/

export const noSilencedChecks: Rule = {
  name: 'no type is `any` and no check is silenced without a reason',
  instead: 'use `unknown` and narrow it, or write the reason behind the directive',
  check(tree) {
    const faults: string[] = []
    for (const { path, code, comments } of tree.sources.values()) {
      for (const { text, line } of comments) {
        if (/@ts-(?:ignore|nocheck)\b/.test(text))
          faults.push(`${path}:${line}: @ts-ignore: use @ts-expect-error with a reason, or mend the type`)
        if (/@ts-expect-error\b(?!\s*:?\s*\S+\s+\S+)/.test(text))
          faults.push(`${path}:${line}: @ts-expect-error without a reason`)
        const ignored = /biome-ignore(?:-all|-start)?\b(.*)/.exec(text)?.[1]
        if (ignored !== undefined && !reasoned.test(ignored))
          faults.push(`${path}:${line}: biome-ignore without a reason`)
      }
      const allowed = new Set(
        comments.filter(({ text }) => text.includes('noExplicitAny')).map(({ line }) => line + 1),
      )
      for (const [at, { kind, text, line }] of code.entries())
        if (kind === 'word' && text === 'any' && isType(code, at) && !allowed.has(line))
          faults.push(`${path}:${line}: the type any: use unknown and narrow it`)
    }
    return faults
  },
}

/** Not a member (`AbortSignal.any`), not a property's name, not a call. */
function isType(code: readonly Token[], at: number): boolean {
  return !['.', '?.'].includes(code[at - 1]?.text ?? '') && ![':', '('].includes(code[at + 1]?.text ?? '')
}

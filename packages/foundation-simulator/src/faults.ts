import type { Random } from '@cf-audit-drain/pipeline'

/** Answers in place of the right one. */
const answerFaults = [
  'error-500',
  'error-502',
  'error-503',
  'error-504',
  'database-503',
  'uaa-unavailable',
  'html-200',
  'html-error',
  'unauthorized',
  'forbidden',
  'rate-limited',
  'rate-limited-html',
  'tokens-revoked',
] as const
/** The right answer, badly delivered. */
const deliveryFaults = [
  'hang-before-headers',
  'hang-in-body',
  'reset-before-headers',
  'reset-in-body',
  'truncated-json',
  'truncated-length',
  'gzip-garbage',
  'gzip',
  'slow-drip',
] as const
/** The foundation itself changes. */
const foundationFaults = ['uaa-refused', 'clock-skew'] as const
/** The page is made differently. */
const pageFaults = [
  'page-shift',
  'page-repeat',
  'clean-up-between-pages',
  'insert-between-statements',
  'vanish-between-statements',
  'malformed-event',
  'stale-replica',
] as const
/** See README.md for what each does. */
export const faultNames = [...answerFaults, ...deliveryFaults, ...foundationFaults, ...pageFaults] as const
export type FaultName = (typeof faultNames)[number]

export interface FaultRule {
  readonly fault: FaultName
  /** Requests whose path begins so. Default `/v3/audit_events` and `/v2/events`; for `uaa-refused` `/oauth/token`. */
  readonly path?: string
  /** Of each matching request. Default 1. */
  readonly probability?: number
  /** How often it strikes before it is spent. Default 1. */
  readonly count?: number
  /** Matching requests that are spared first. Default 0. */
  readonly after?: number
  /** Strikes only when this page or a later one is asked for. Default 1; 2 for the faults between pages. */
  readonly page?: number
  /** `hang-*`: then the connection is closed (default: never); `uaa-refused`: how long (default 1,000). */
  readonly durationMs?: number
  /** `rate-limited`: default 1. */
  readonly retryAfterSec?: number
  /** Rows inserted, removed or shifted by. Default 250 for the clean-up, else 1. */
  readonly rows?: number
  /** `clock-skew`: from now on the foundation's clocks are off by this; 0 puts them right. Default 300,000. */
  readonly skewMs?: number
  /** `stale-replica`: rows that became visible later than so long ago are not there. Default 600,000. */
  readonly lagMs?: number
  /** `slow-drip`: bytes every 10 ms. Default 1,024. */
  readonly bytes?: number
}

export interface FiredFault {
  readonly fault: FaultName
  readonly atMs: number
  readonly request: string
}

interface ActiveRule {
  readonly rule: FaultRule
  spared: number
  left: number
}

const betweenPages: readonly FaultName[] = ['page-shift', 'page-repeat', 'clean-up-between-pages']

/** The rules in force. A rule strikes `count` times and is then gone, so that no fault lasts unless it was asked to. */
export class FaultPlan {
  readonly #active: ActiveRule[] = []
  readonly #fired: FiredFault[] = []
  readonly #random: Random
  readonly #nowMs: () => number

  constructor(random: Random, nowMs: () => number) {
    this.#random = random
    this.#nowMs = nowMs
  }

  add(...rules: readonly FaultRule[]): void {
    for (const rule of rules) {
      if (!(faultNames as readonly string[]).includes(rule.fault)) {
        throw new Error(`simulator: no fault "${rule.fault}"; there are ${faultNames.join(', ')}`)
      }
      this.#active.push({ rule, spared: rule.after ?? 0, left: rule.count ?? 1 })
    }
    this.#active.sort((a, b) => rank(a.rule) - rank(b.rule))
  }

  clear(): void {
    this.#active.length = 0
  }

  /** Everything that struck, in order. */
  get fired(): readonly FiredFault[] {
    return this.#fired
  }

  /** Strikes left over all rules. */
  get left(): number {
    return this.#active.reduce((sum, { left }) => sum + left, 0)
  }

  /**
   * The rules that strike this request: at most one that replaces the answer, else at most one that spoils its
   * delivery together with any that make the page differently.
   */
  strike(path: string, page: number): FaultRule[] {
    const struck: FaultRule[] = []
    for (const active of this.#active) {
      if (struck.some(({ fault }) => excludes(fault, active.rule.fault))) continue
      if (!matches(active.rule, path, page)) continue
      if (active.spared > 0) active.spared--
      else if (this.#random() < (active.rule.probability ?? 1)) {
        active.left--
        struck.push(active.rule)
        this.#fired.push({ fault: active.rule.fault, atMs: this.#nowMs(), request: path })
      }
    }
    for (let at = this.#active.length - 1; at >= 0; at--) {
      if ((this.#active[at]?.left ?? 0) <= 0) this.#active.splice(at, 1)
    }
    return struck
  }
}

/** What replaces the answer is asked first: a fault that could not be seen is kept for the next request. */
const rank = ({ fault }: FaultRule): number => (has(answerFaults, fault) ? 0 : 1)
const has = (names: readonly FaultName[], fault: FaultName): boolean => names.includes(fault)

function excludes(struck: FaultName, other: FaultName): boolean {
  if (struck === other) return true
  if (has(answerFaults, struck)) return !has(foundationFaults, other)
  return has(deliveryFaults, struck) && has(deliveryFaults, other)
}

function matches(rule: FaultRule, path: string, page: number): boolean {
  const ofEvents = rule.fault === 'uaa-refused' ? ['/oauth/token'] : ['/v3/audit_events', '/v2/events']
  const prefixes = rule.path === undefined ? ofEvents : [rule.path]
  return (
    prefixes.some(prefix => path.startsWith(prefix)) &&
    page >= (rule.page ?? (betweenPages.includes(rule.fault) ? 2 : 1))
  )
}

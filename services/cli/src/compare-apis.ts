import type { Config, FoundationConfig } from '@cf-audit-drain/config'
import { createScrubber } from '@cf-audit-drain/event'
import { isoSec } from '@cf-audit-drain/log'
import { type Clock, type Random, systemClock } from '@cf-audit-drain/pipeline'
import { type ApiDifference, compareApis, isEqual } from '@cf-audit-drain/poller'
import { type ExitCode, exitCodes, type Logger } from '@cf-audit-drain/runtime'
import { UsageError } from './arguments.ts'
import { oneLine, sinceSec } from './events.ts'
import { controllerOf } from './foundations.ts'
import { print, say } from './print.ts'

export interface CompareArguments {
  readonly foundation?: string
  readonly from?: string
  readonly to?: string
  readonly json: boolean
}

interface CompareDeps {
  readonly logger: Logger
  readonly random: Random
  readonly clock?: Clock
}

/** What is printed with --json, one line a foundation. */
interface Verdict {
  readonly foundation: string
  readonly from: string
  readonly to: string
  readonly v3: number
  readonly v2: number
  readonly equal: boolean
  readonly differences: readonly ApiDifference[]
}

/** More are counted and not shown: one by one they would say no more. */
const shownMax = 1_000

/**
 * `cf-audit-drain compare-apis`: whether v3 and v2 show the same events of a span, and the same of each. Reads Cloud Controller
 * only. Resolves to `different` when they do not.
 */
export async function compareTheApis(
  config: Config,
  wanted: CompareArguments,
  deps: CompareDeps,
  signal: AbortSignal,
): Promise<ExitCode> {
  const clock = deps.clock ?? systemClock
  const span = spanOf(wanted, clock)
  const foundations = config.foundations.filter(({ name }) => name === (wanted.foundation ?? name))
  if (foundations.length === 0)
    throw new UsageError(
      wanted.foundation === undefined
        ? 'compare-apis needs a foundation: set CF_API and its client, or name a --config'
        : `--foundation ${wanted.foundation}: no foundation of that name is configured`,
    )
  const verdicts: Verdict[] = []
  for (const foundation of foundations) {
    const verdict = await compareOne(foundation, span, { ...deps, clock }, signal)
    verdicts.push(verdict)
    await print(wanted.json ? JSON.stringify(verdict) : readable(verdict))
  }
  return verdicts.every(({ equal }) => equal) ? exitCodes.ok : exitCodes.different
}

async function compareOne(
  config: FoundationConfig,
  span: { readonly fromSec: number; readonly toSec: number },
  deps: CompareDeps & { readonly clock: Clock },
  signal: AbortSignal,
): Promise<Verdict> {
  const v3 = controllerOf({ ...config, apiVersion: 'v3' }, { ...deps, metrics: null })
  // Logged in once: a refresh token may be good for one use.
  const { tokens } = v3
  const v2 = controllerOf({ ...config, apiVersion: 'v2' }, { ...deps, metrics: null, tokens })
  try {
    const rights = await v3.rights(signal)
    if (rights.sees !== 'everything') say(rights.sentence)
    // Nothing of an event is printed but its identity: any key of the fingerprints will do.
    const scrubber = createScrubber({ key: new Uint8Array(32) })
    const apis = { v3, v2, foundation: config.name, scrubber, clock: deps.clock }
    const counts = { v3: 0, v2: 0 }
    const differences: ApiDifference[] = []
    let equal = true
    for await (const window of compareApis(apis, span, signal)) {
      counts.v3 += window.v3
      counts.v2 += window.v2
      equal &&= isEqual(window)
      differences.push(...window.differences.slice(0, shownMax - differences.length))
    }
    const [from, to] = [isoSec(span.fromSec), isoSec(span.toSec)]
    return { foundation: config.name, from, to, ...counts, equal, differences }
  } finally {
    await Promise.all([v3.close(), v2.close()])
  }
}

function spanOf(
  wanted: CompareArguments,
  clock: Clock,
): { readonly fromSec: number; readonly toSec: number } {
  const nowSec = Math.floor(clock.now() / 1000)
  if (wanted.from === undefined)
    throw new UsageError(
      'compare-apis needs --from: a time (2026-11-22T00:00:00Z), a day (2026-11-22), or 24h',
    )
  const fromSec = sinceSec(wanted.from, '--from', clock.now())
  const toSec = wanted.to === undefined ? nowSec : sinceSec(wanted.to, '--to', clock.now())
  if (fromSec < toSec) return { fromSec, toSec }
  throw new UsageError(`--to (${isoSec(toSec)}) is not after --from (${isoSec(fromSec)})`)
}

function readable({ foundation, from, to, v3, v2, equal, differences }: Verdict): string {
  const lines = differences.map(({ found, guid, type, createdAt, fields }) =>
    oneLine(
      `${found.padEnd(18)}  ${guid}  ${createdAt}  ${type}${fields.length > 0 ? `  ${fields.join(', ')}` : ''}`,
    ),
  )
  const verdict = equal ? 'both show the same' : 'they do not show the same'
  lines.push(`foundation ${foundation} from ${from} to ${to}: v3 ${v3} events, v2 ${v2} events; ${verdict}`)
  return lines.join('\n')
}

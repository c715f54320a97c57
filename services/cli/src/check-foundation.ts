import {
  type CloudController,
  CloudFoundryError,
  type Discovery,
  type End,
  identityText,
} from '@cf-audit-drain/cloud-foundry'
import type { FoundationConfig } from '@cf-audit-drain/config'
import { type Clock, deadline, type Random } from '@cf-audit-drain/pipeline'
import type { Logger } from '@cf-audit-drain/runtime'
import { type Finding, failed, tried } from './finding.ts'
import { controllerOf } from './foundations.ts'

interface FoundationCheckDeps {
  readonly logger: Logger
  readonly random: Random
  readonly clock: Clock
}

const requestTimeoutMs = 15_000
const allTimeoutMs = 60_000

/** The longest name a line of this foundation has for its end. */
export function foundationEnd(config: FoundationConfig, part: End | 'rights' | 'audit events'): string {
  return `foundation ${config.name} ${part}`
}

/** UAA, Cloud Controller, rights and audit events, in this order; what cannot be tried is said too. */
export async function checkFoundation(
  config: FoundationConfig,
  deps: FoundationCheckDeps,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  // Each request once, and not for longer than an operator waits before a terminal.
  const hurried = { ...config, requestTimeoutMs: Math.min(config.requestTimeoutMs, requestTimeoutMs) }
  const controller = controllerOf(hurried, { ...deps, metrics: null, tries: 1 })
  try {
    return await findingsOf(config, controller, deadline(allTimeoutMs, signal))
  } finally {
    await controller.close()
  }
}

/** Cloud Controller is asked first because it names UAA. */
async function findingsOf(
  config: FoundationConfig,
  controller: CloudController,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const end = (part: Parameters<typeof foundationEnd>[1]) => foundationEnd(config, part)
  const untried = (part: Parameters<typeof foundationEnd>[1], why: string): Finding => ({
    verdict: 'note',
    end: end(part),
    text: `not tried: ${why}`,
  })
  const broken = (part: End, error: unknown) =>
    failed(end(part), error, sentence => withoutEnds(sentence, config.name, part))

  let discovery: Discovery
  try {
    discovery = await controller.discover(signal)
  } catch (error) {
    const noToken = untried('rights', 'there is no token without UAA')
    if (isOf('UAA', error))
      return [broken('UAA', error), untried('Cloud Controller', 'its UAA is refused'), noToken]
    return [untried('UAA', 'Cloud Controller names it'), broken('Cloud Controller', error), noToken]
  }
  const found: Finding = {
    verdict: 'ok',
    end: end('Cloud Controller'),
    text: discoveryText(discovery, controller.skewMs),
  }

  try {
    const rights = await controller.rights(signal)
    const issued = [uaaWorks(config, discovery, controller), ...usedUp(config, controller)]
    const isEnough = rights.sees === 'everything' || (rights.sees === 'subset' && !config.strict)
    if (!isEnough) return [...issued, found, failed(end('rights'), new Error(rights.sentence))]
    const verdict = rights.sees === 'everything' ? 'ok' : 'WARN'
    const permitted: Finding = { verdict, end: end('rights'), text: rights.sentence }
    const events = await tried(end('audit events'), () => eventsText(controller, signal))
    return [...issued, found, permitted, events]
  } catch (error) {
    if (isOf('UAA', error))
      return [broken('UAA', error), found, untried('rights', 'there is no token without UAA')]
    return [
      uaaWorks(config, discovery, controller),
      ...usedUp(config, controller),
      found,
      failed(end('rights'), error, sentence => withoutEnds(sentence, config.name)),
    ]
  }
}

function uaaWorks(config: FoundationConfig, { uaa }: Discovery, { identity }: CloudController): Finding {
  const text =
    identity.kind === 'client'
      ? `${uaa}, knows client "${identity.clientId}" and its secret`
      : `${uaa}, logs ${identityText(identity)} in by client "${identity.clientId}" (${identity.grant})`
  return { verdict: 'ok', end: foundationEnd(config, 'UAA'), text }
}

/** What this very check has done to the configured refresh token. */
function usedUp(config: FoundationConfig, { exchangesRefreshTokens }: CloudController): readonly Finding[] {
  if (!exchangesRefreshTokens) return []
  const text =
    'it exchanges refresh tokens for others, and may take the configured one no more: do `cf login` again before `start`, and give every process that logs in (a standby poller, check, compare-apis, --dry-run) one of its own; a client or a password has no such limit'
  return [{ verdict: 'WARN', end: foundationEnd(config, 'UAA'), text }]
}

function discoveryText({ api, v3Version, v2, auditEvents }: Discovery, skewMs: number | null): string {
  const skew =
    skewMs === null ? '' : `, clock within ${Math.max(1, Math.ceil(Math.abs(skewMs) / 1000))} s of ours`
  return `${api}, v3 ${v3Version || 'without a version'}${v2 ? ', v2 on' : ''}${skew}, audit events by ${auditEvents}`
}

async function eventsText(controller: CloudController, signal: AbortSignal): Promise<string> {
  const oldestSec = await controller.oldestAuditEventSec(signal)
  if (oldestSec === null) return 'none visible'
  const count = await controller.countAuditEvents({ fromSec: oldestSec }, signal)
  return `${count} visible, the oldest of ${new Date(oldestSec * 1000).toISOString()}`
}

function isOf(end: End, error: unknown): boolean {
  return error instanceof CloudFoundryError && error.end === end
}

/** The line has named the foundation, and its end, already. */
function withoutEnds(sentence: string, name: string, end?: End): string {
  const bare = sentence.replace(`foundation "${name}": `, '')
  return end === undefined ? bare : bare.replace(`${end} at `, '')
}

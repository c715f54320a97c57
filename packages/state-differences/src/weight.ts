import type { Explanation } from './explain.ts'
import { type Finding, subjectOf } from './finding.ts'
import type { Value } from './observed.ts'

const typePrefix = 'cf-audit-drain.state.'

/** Switched on they let more run, or more be seen, than before. */
const riskyFlags: ReadonlySet<unknown> = new Set([
  'diego_docker',
  'diego_cnb',
  'env_var_visibility',
  'space_developer_env_var_visibility',
  'user_org_creation',
])

/** What weighs more has a type of its own, because severity goes by type everywhere: in CEF, metrics and rules. */
export function typeOf(finding: Finding, explanation: Explanation): string {
  return `${typePrefix}${finding.kind}${heavier(finding, explanation)}`
}

function heavier(finding: Finding, explanation: Explanation): string {
  const { kind, before, after } = finding
  if (explanation === 'unexplained') return '.unexplained'
  if (after === null) return ''
  switch (kind) {
    case 'security-group':
      return isWiderOpen(before?.value ?? {}, after.value) ? '.opened' : ''
    case 'feature-flag':
      return riskyFlags.has(subjectOf(finding).key) && isSwitchedOn(before?.value, after.value)
        ? '.risky-enabled'
        : ''
    case 'space-ssh':
    case 'app-ssh':
      return isSwitchedOn(before?.value, after.value) ? '.enabled' : ''
    default:
      return ''
  }
}

function isSwitchedOn(before: Value | undefined, after: Value): boolean {
  return after['enabled'] === true && before?.['enabled'] !== true
}

/** It lets apps reach every address, by a rule or in more places than before. */
function isWiderOpen(before: Value, after: Value): boolean {
  const open = openRules(after)
  if (open.length === 0) return false
  const known = new Set(openRules(before))
  return (
    open.some(rule => !known.has(rule)) || placesOf(after).some(place => !placesOf(before).includes(place))
  )
}

function openRules({ rules }: Value): readonly string[] {
  if (!Array.isArray(rules)) return []
  return rules
    .filter(rule => everywhere.test(String(rule?.destination ?? '')))
    .map(rule => JSON.stringify(rule))
}

const everywhere = /(^|,)\s*(0\.0\.0\.0\/0|0\.0\.0\.0\s*-\s*255\.255\.255\.255|::\/0)\s*($|,)/

function placesOf(value: Value): readonly string[] {
  const { globally_enabled: globally } = value
  const spaces = ['running_spaces', 'staging_spaces'].flatMap(name => {
    const list = value[name]
    return Array.isArray(list) ? list.map(guid => `${name} ${guid}`) : []
  })
  return [
    ...Object.entries(globally ?? {})
      .filter(([, on]) => on === true)
      .map(([where]) => where),
    ...spaces,
  ]
}

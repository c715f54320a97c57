import { isSecretKey } from './secret-key.ts'
import type { TextMode } from './text-secrets.ts'

/**
 * How a value is looked at, by the names of the members it stands under. `secret`: every string and number is one.
 * `manifest`: a string is YAML. `manifest-part`: inside a manifest. `container`: of a manifest's `docker`.
 */
export type Mode = TextMode | 'secret' | 'manifest' | 'manifest-part' | 'container'

/** Members that hold nothing but secrets, whatever their own names say. */
const SECRET_MEMBERS: ReadonlySet<string> = new Set([
  'parameters',
  'environment_variables',
  'environment_json',
  'encrypted_environment_json',
  'docker_credentials',
  'cnb-credentials',
  'command',
])

const MODES: ReadonlyMap<string, Mode> = new Map<string, Mode>([
  ['annotations', 'note'],
  ['labels', 'note'],
  ['syslog_drain_url', 'drain-url'],
  ['route_service_url', 'drain-url'],
  ['error_message', 'message'],
  ['exit_description', 'message'],
  ['manifest', 'manifest'],
])

/** Every member whose name alone, whatever words it is made of, decides how its value is looked at. */
export const MEMBERS_WITH_A_RULE: readonly string[] = [...SECRET_MEMBERS, ...MODES.keys()]

/** What a member's name says by itself. */
interface KeyRule {
  /** The name of a secret, even of an annotation. */
  readonly secret: boolean
  /** Holds secrets only, but as an annotation it is a word like any other. */
  readonly holdsSecrets: boolean
  readonly mode: Mode | undefined
}

const RULES_MAX = 10_000
const rules = new Map<string, KeyRule>()

function ruleOf(key: string): KeyRule {
  const known = rules.get(key)
  if (known !== undefined) return known
  const rule: KeyRule = {
    secret: isSecretKey(key),
    holdsSecrets: SECRET_MEMBERS.has(key),
    mode: MODES.get(key),
  }
  // Names come from users: without a limit they would fill the memory.
  if (rules.size >= RULES_MAX) rules.clear()
  // A copy: a slice would keep the page it was cut from alive.
  if (key.length <= 128) rules.set(Buffer.from(key, 'utf16le').toString('utf16le'), rule)
  return rule
}

/** The mode of the member `key` of an object whose own mode is `parent`. */
export function modeOf(key: string, parent: Mode): Mode {
  if (parent === 'secret') return 'secret'
  if (parent === 'container') return key === 'image' ? 'manifest-part' : 'secret'
  const { secret, holdsSecrets, mode } = ruleOf(key)
  if (secret) return 'secret'
  if (parent === 'note') return 'note'
  if (holdsSecrets) return 'secret'
  if (parent !== 'manifest' && parent !== 'manifest-part') return mode ?? parent
  if (key === 'env') return 'secret'
  return key === 'docker' ? 'container' : (mode ?? 'manifest-part')
}

export function isText(mode: Mode): mode is TextMode {
  return mode === 'plain' || mode === 'note' || mode === 'message' || mode === 'drain-url'
}

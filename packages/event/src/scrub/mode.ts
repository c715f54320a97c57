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
  'env',
  'environment_variables',
  'environment_json',
  'encrypted_environment_json',
  'docker_credentials',
  'cnb_credentials',
  'command',
])

const MODES: ReadonlyMap<string, Mode> = new Map<string, Mode>([
  ['annotations', 'note'],
  ['labels', 'note'],
  ['syslog_drain_url', 'drain-url'],
  ['route_service_url', 'drain-url'],
  ['error_message', 'message'],
  ['exit_description', 'message'],
  ['reason', 'message'],
  ['failure_reason', 'message'],
  ['command_line', 'message'],
  ['image', 'url'],
  ['docker_image', 'url'],
  ['buildpack', 'url'],
  ['buildpacks', 'url'],
  ['detected_buildpack', 'url'],
  ['manifest', 'manifest'],
])

/** `url`, `broker_url`, `redirect_uris`. */
const NAMES_URL = /(?:^|_)ur[il]s?$/

/** Every member whose name alone, whatever words it is made of, decides how its value is looked at. */
export const MEMBERS_WITH_A_RULE: readonly string[] = [...SECRET_MEMBERS, ...MODES.keys()]

/** What a member's name says by itself. */
interface KeyRule {
  /** The name of a secret, even of an annotation. */
  readonly secret: boolean
  /** Holds secrets only, but as an annotation it is a word like any other. */
  readonly holdsSecrets: boolean
  readonly mode: Mode | undefined
  /** Of a manifest's application. */
  readonly isDocker: boolean
  /** Of a container. */
  readonly isImage: boolean
}

const RULES_MAX = 10_000
const rules = new Map<string, KeyRule>()

function ruleOf(key: string): KeyRule {
  const known = rules.get(key)
  if (known !== undefined) return known
  const name = snakeCase(key)
  const rule: KeyRule = {
    secret: isSecretKey(key),
    holdsSecrets: SECRET_MEMBERS.has(name),
    mode: MODES.get(name) ?? (NAMES_URL.test(name) ? 'url' : undefined),
    isDocker: name === 'docker',
    isImage: name === 'image',
  }
  // Names come from users: without a limit they would fill the memory.
  if (rules.size >= RULES_MAX) rules.clear()
  // A copy: a slice would keep the page it was cut from alive.
  if (key.length <= 128) rules.set(Buffer.from(key, 'utf16le').toString('utf16le'), rule)
  return rule
}

/** One spelling for `ENV`, `environmentVariables` and `Environment-Variables`. */
function snakeCase(key: string): string {
  return key
    .slice(0, 128)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase()
}

/** The mode of the member `key` of an object whose own mode is `parent`. */
export function modeOf(key: string, parent: Mode): Mode {
  if (parent === 'secret') return 'secret'
  const { secret, holdsSecrets, mode, isDocker, isImage } = ruleOf(key)
  if (parent === 'container') return isImage ? 'url' : 'secret'
  if (secret) return 'secret'
  if (parent === 'note') return 'note'
  if (holdsSecrets) return 'secret'
  if (parent === 'unknown') return mode === 'message' || mode === 'url' ? 'unknown' : (mode ?? 'unknown')
  if (parent !== 'manifest' && parent !== 'manifest-part') return mode ?? parent
  return isDocker ? 'container' : (mode ?? 'manifest-part')
}

const TEXT_MODES: ReadonlySet<Mode> = new Set<Mode>([
  'plain',
  'note',
  'message',
  'url',
  'drain-url',
  'unknown',
])

export function isText(mode: Mode): mode is TextMode {
  return TEXT_MODES.has(mode)
}

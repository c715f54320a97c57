import { variables } from './environment.ts'
import { editDistance } from './nearest-name.ts'

/** A variable that is set and that nothing reads, and the one that was probably meant. Never its value. */
export interface MisspeltVariable {
  readonly written: string
  /** Not set itself. */
  readonly meant: string
}

/** Of the cf CLI, of a Cloud Foundry container, what scripts around the CLI call their own, and of a Kafka broker. */
const ofOthers =
  /^(?:CF_(?:HOME|TRACE|COLOR|STAGING_TIMEOUT|STARTUP_TIMEOUT|DIAL_TIMEOUT|PLUGIN_HOME|USERNAME|PASSWORD|DOCKER_PASSWORD|CNB_REGISTRY_CREDS|EXPERIMENTAL|LOG_LEVEL|ORG|SPACE|APP|INSTANCE_.*)|VCAP_.*|KAFKA_BROKER_ID)$/

/** What people add to a name that has no need of it: CF_API_URL, POLL_INTERVAL_MS. */
const needlessEnd = /(?:url|uri|endpoint|address|addr|host|ms|sec|seconds|value|path)$/

/**
 * Variables that are nearly ours: other separators or case, a needless word at the end, a letter or two wrong. Where
 * the right one is set as well, the other is taken for somebody else's.
 */
export function misspeltVariables(
  env: Readonly<Record<string, string | undefined>>,
): readonly MisspeltVariable[] {
  const isSet = (name: string) => (env[name] ?? '') !== ''
  const free = variables.map(({ name }) => name).filter(name => !isSet(name))
  return Object.keys(env)
    .sort()
    .filter(written => isSet(written) && !ofOthers.test(written) && !variables.some(v => v.name === written))
    .flatMap(written => {
      const meant = nearestVariable(written, free)
      return meant === undefined ? [] : [{ written, meant }]
    })
}

/** `did you mean CF_CLIENT_ID (CF_CLIENTID is set and nobody reads it)?` */
export function misspeltSentence({ written, meant }: MisspeltVariable): string {
  return `did you mean ${meant} (${written} is set and nobody reads it)?`
}

/** Everything else in a shell's environment is compared too, so only what is very near counts. */
function nearestVariable(written: string, known: readonly string[]): string | undefined {
  const letters = plain(written)
  let best: string | undefined
  let bestDistance = Number.POSITIVE_INFINITY
  for (const name of known) {
    const wanted = plain(name)
    const isLonger = letters.replace(needlessEnd, '') === wanted
    const distance = isLonger ? 0 : editDistance(letters, wanted)
    if (distance < bestDistance && distance <= (wanted.length < 10 ? 1 : 2)) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

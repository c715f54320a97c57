import { variables, whereOf } from './environment.ts'
import type { Fault } from './fault.ts'
import { type MisspeltVariable, misspeltSentence } from './misspelt-variables.ts'
import { type Path, pathText, type SettingsTree } from './settings-tree.ts'

/** What the environment can describe, the inner before the outer. */
const groups: readonly { readonly path: Path; readonly called: string; readonly prefix: string }[] = [
  { path: ['foundations', 0], called: 'a foundation', prefix: 'CF_' },
  { path: ['log', 'kafka', 'sasl'], called: 'the login at Kafka', prefix: 'KAFKA_SASL_' },
  { path: ['log', 'kafka', 'schemaRegistry'], called: 'the schema registry', prefix: 'SCHEMA_REGISTRY_' },
  { path: ['log', 'kafka'], called: 'a log on Kafka', prefix: 'KAFKA_ and SCHEMA_REGISTRY_' },
]

/** What the environment's foundation or log lacks is said by the variable's name: there is no line to point to. */
export function byVariable(fault: Fault, tree: SettingsTree, misspelt: readonly MisspeltVariable[]): Fault {
  if (fault.problem !== 'is missing') return fault
  const variable = variables.find(({ path }) => pathText(path) === fault.path)?.name
  const group = groups.find(({ path }) => fault.path.startsWith(`${pathText(path)}.`))
  if (variable === undefined || group === undefined) return fault
  if (tree.origin(group.path).where !== 'environment') return fault
  const isSecret = variable === 'CF_CLIENT_SECRET' || variable === 'CF_LOGIN_PASSWORD'
  const or = isSecret ? ` (or ${variable}_FILE)` : ''
  const near = misspelt.find(({ meant }) => meant === variable || (or !== '' && meant === `${variable}_FILE`))
  const guess = near === undefined ? '' : `${misspeltSentence(near)} Otherwise `
  return {
    where: whereOf(variable),
    path: '',
    problem: `is not set, but ${group.called} needs it`,
    instead: `${guess}set ${variable}${or}, or unset the other ${group.prefix} variables`,
  }
}

import type { Fault } from './fault.ts'
import { isMapping, type Path, pathText, type SettingsTree } from './settings-tree.ts'

const brokersPath: Path = ['log', 'kafka', 'brokers']
const tlsPath: Path = ['log', 'kafka', 'tls']

/** Writes out what may be given shorter: brokers in one variable, `tls: true`. */
export function expandKafkaShorthands(tree: SettingsTree): readonly Fault[] {
  splitBrokers(tree)
  return writeOutTls(tree)
}

/** The brokers in the text of one variable. */
export function brokersIn(text: string): readonly string[] {
  // Something with a password in it is refused whole; half of one might be shown.
  return text.includes('@') ? [text] : text.split(',')
}

function splitBrokers(tree: SettingsTree): void {
  const given = tree.get(brokersPath)
  const split = (value: unknown, path: Path) => {
    const origin = tree.origin(path)
    const isVariable = origin.template !== undefined || origin.assignment !== undefined
    const isSpoiled = tree.isSpoiled(path)
    const values = typeof value === 'string' && isVariable && !isSpoiled ? brokersIn(value) : [value]
    return values.map(each => ({ value: each, origin, isSpoiled }))
  }
  if (Array.isArray(given))
    tree.setItems(
      brokersPath,
      given.flatMap((value, i) => split(value, [...brokersPath, i])),
    )
  const { template, assignment } = tree.origin(brokersPath)
  if (typeof given === 'string' && (template ?? assignment) !== undefined && !tree.isSpoiled(brokersPath))
    tree.setItems(brokersPath, split(given, brokersPath))
}

function writeOutTls(tree: SettingsTree): readonly Fault[] {
  const given = tree.get(tlsPath)
  if (given === undefined || isMapping(given) || tree.isSpoiled(tlsPath)) return []
  const origin = tree.origin(tlsPath)
  const isOn = given === true || given === 'true'
  if (isOn || given === false || given === 'false') {
    tree.set(tlsPath, isOn ? {} : undefined, origin)
    return []
  }
  tree.spoil(tlsPath)
  return [
    {
      where: origin.where,
      path: pathText(tlsPath),
      problem: 'must be true, false or a mapping',
      instead: 'write tls: true, or caFile: /path and the like, indented under it',
    },
  ]
}

import { Complaint } from './complaint.ts'
import type { Fault } from './fault.ts'
import { faultFromComplaint } from './issue-faults.ts'
import { type Path, pathText, type SettingsTree } from './settings-tree.ts'
import { parseSinkUrl, type SinkUrlOption } from './sink-url.ts'

const homes: Readonly<Record<SinkUrlOption, readonly string[]>> = {
  format: ['format'],
  framing: ['framing'],
  caFile: ['tls', 'caFile'],
  certFile: ['tls', 'certFile'],
  keyFile: ['tls', 'keyFile'],
  serverName: ['tls', 'serverName'],
  minVersion: ['tls', 'minVersion'],
  maxMessageBytes: ['maxMessageBytes'],
  facility: ['facility'],
  confirmTimeout: ['confirmTimeout'],
  avoidEquals: ['cef', 'avoidEquals'],
  leadingSpace: ['cef', 'leadingSpace'],
}

/** Moves the options in the query of each sink's URL to the settings of the same name. */
export function spreadSinkOptions(tree: SettingsTree): readonly Fault[] {
  const faults: Fault[] = []
  const sinks = tree.get(['sinks'])
  if (!Array.isArray(sinks)) return faults
  sinks.forEach((_, i) => {
    const urlPath: Path = ['sinks', i, 'url']
    const text = tree.get(urlPath)
    const url = typeof text === 'string' && !tree.isSpoiled(urlPath) ? parseSinkUrl(text) : undefined
    if (url === undefined || url instanceof Complaint) return
    const origin = tree.origin(urlPath)
    faults.push(...url.complaints.map(complaint => faultFromComplaint(complaint, urlPath, origin)))
    const { where } = origin
    for (const [option, value] of url.options) {
      const path: Path = ['sinks', i, ...homes[option]]
      if (tree.get(path) === undefined) {
        tree.set(path, value, { where, assignment: `?${option}=` })
        continue
      }
      faults.push({
        where: tree.origin(path).where,
        path: pathText(path),
        problem: 'is given twice: here and in the query of the url',
        instead: `keep one of ${homes[option].join('.')} and ?${option}=`,
      })
    }
  })
  return faults
}

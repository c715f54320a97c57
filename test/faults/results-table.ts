import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Kind } from './kind.ts'
import { missingFor } from './missing-for.ts'
import { places } from './places.ts'
import type { RunResult } from './run-kind.ts'

/** Between which lines of README a table stands. */
const marks = {
  embedded: { begin: '<!-- faults:begin -->', end: '<!-- faults:end -->' },
  kafka: { begin: '<!-- kafka-faults:begin -->', end: '<!-- kafka-faults:end -->' },
} as const

/** One row per kind; the last column is the most that any seed doubled, of the most that was explained then. */
export function resultsTable(kinds: readonly Kind[], results: readonly RunResult[]): string {
  const rows = kinds.flatMap(kind => {
    const runs = results.filter(result => result.kind === kind.name)
    if (runs.length === 0)
      return [`| ${kind.title} | not run: ${missingFor(kind) ?? 'not asked for'} | | | | | |`]
    const sum = (of: (run: RunResult) => number) => runs.reduce((total, run) => total + of(run), 0)
    const failed = runs.filter(run => run.failure !== null).map(run => run.seed)
    const seeds = failed.length === 0 ? `${runs.length}` : `${runs.length}, **failed: ${failed.join(' ')}**`
    const lost = sum(run => run.lost + run.mangled)
    const doubled = `${sum(run => run.doubledAtReceiver)} ≤ ${sum(run => run.doubledMax)}`
    const figures = [
      sum(run => run.shown),
      lost,
      sum(run => run.phantom),
      sum(run => run.doubledInLog),
      doubled,
    ]
    return [`| ${kind.title} | ${seeds} | ${figures.map(String).join(' | ')} |`]
  })
  return [
    '| fault | seeds | events | lost | phantom | doubled in the log | doubled at the receiver ≤ bound |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

/** Into README.md between its markers; into a file of its own where there are none. Says where. */
export function writeTable(part: keyof typeof marks, table: string, note: string): string {
  const { begin, end } = marks[part]
  const text = existsSync(places.readme) ? readFileSync(places.readme, 'utf8') : ''
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) {
    writeFileSync(places.results, `# Faults survived\n\n${begin}\n${table}\n\n${note}\n${end}\n`)
    return places.results
  }
  writeFileSync(
    places.readme,
    `${text.slice(0, from + begin.length)}\n${table}\n\n${note}\n${text.slice(to)}`,
  )
  return places.readme
}

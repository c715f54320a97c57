import { commandLine, type Typed, usage } from './command-line.ts'
import { simulate } from './simulate.ts'

const stop = new AbortController()
const failed = () => {
  process.exitCode = 1
}

/** Null: what was typed cannot be done, and that is said, or nothing but the usage was asked for. */
function understood(): Typed | null {
  try {
    const typed = commandLine(process.argv.slice(2))
    if (typed === null) process.stdout.write(`${usage}\n`)
    return typed
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}\n`)
    process.exitCode = 2
    return null
  }
}

const typed = understood()
if (typed !== null) {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
  const ready = (where: object) => process.stdout.write(`${JSON.stringify(where)}\n`)
  await simulate(typed, { ready, failed }, stop.signal)
}

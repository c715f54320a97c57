import { type ExitCode, exitCodes } from '@cf-audit-drain/runtime'
import { exitCodeOf } from './exit-code-of.ts'

/**
 * One line of what `check` found. `WARN` works, but not as it should; `note` was not tried, or is worth knowing.
 *
 *     VERDICT END TEXT            in columns; END is named nowhere else in the line
 */
export interface Finding {
  readonly verdict: 'ok' | 'WARN' | 'FAIL' | 'note'
  /** `foundation eu UAA`, `log`, `sink siem` */
  readonly end: string
  readonly text: string
  /** Of a `FAIL`: what the process should end with. */
  readonly code?: ExitCode
}

/** What `attempt` says when it works, else why it does not. */
export async function tried(end: string, attempt: () => Promise<string>): Promise<Finding> {
  try {
    return { verdict: 'ok', end, text: await attempt() }
  } catch (error) {
    return failed(end, error)
  }
}

/** `words` makes the error's sentence fit behind the name of its end. */
export function failed(end: string, error: unknown, words = (sentence: string) => sentence): Finding {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const text =
    name === 'TimeoutError'
      ? 'no answer in time: it accepts connections and does not answer; look at what is between, and at its own log'
      : words(message)
  return { verdict: 'FAIL', end, text, code: exitCodeOf(error) ?? exitCodes.unreachable }
}

export function renderFinding({ verdict, end, text }: Finding, endWidth: number): string {
  return `${verdict.padEnd(4)}  ${end.padEnd(endWidth)}  ${text}`
}

import { once } from 'node:events'

/** The one home of printing: what a command answers goes to stdout, what it says about itself to stderr. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain')
}

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Columns of the terminal that stdout is just now; null when it is none. */
export function terminalColumns(): number | null {
  return process.stdout.isTTY ? process.stdout.columns || 80 : null
}

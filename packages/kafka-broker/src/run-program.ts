import { spawn } from 'node:child_process'
import { deadline } from '@cf-audit-drain/pipeline'

/** What a program that ends by itself printed, output and errors together. Throws that when it ended badly. */
export async function runProgram(
  command: string,
  args: readonly string[],
  patienceMs: number,
  signal?: AbortSignal,
): Promise<string> {
  const impatient = deadline(patienceMs, signal)
  const reasonOf = () =>
    signal?.aborted ? signal.reason : new Error(`${command} had not ended after ${patienceMs} ms`)
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: impatient,
    killSignal: 'SIGKILL',
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  const end = await new Promise<number | string | null>((resolve, reject) => {
    child.once('error', error => reject(impatient.aborted ? reasonOf() : error))
    child.once('close', (code, by) => resolve(code ?? by))
  })
  if (end !== 0) throw new Error(`${command} ended with ${end}: ${text.trim()}`)
  return text
}

import type { Scrubber } from '@cf-audit-drain/event'
import type { KeptCommand } from './followed-task.ts'
import { type CommandPolicy, completedType } from './told-task.ts'

/**
 * What is kept of a command: what the scrubber leaves of it. A member `command` holds nothing but a secret, so its value becomes a keyed
 * fingerprint; in `command_line` only the secrets do.
 */
export function keptCommand(
  command: string,
  policy: CommandPolicy['command'],
  scrubber: Scrubber,
): KeptCommand {
  const isClear = policy === 'clear'
  const written = JSON.stringify({ command, ...(isClear && { command_line: command }) })
  const { text } = scrubber.scrub(completedType, written)
  const scrubbed = JSON.parse(text) as { readonly command: string; readonly command_line?: string }
  return { fingerprint: scrubbed.command, text: scrubbed.command_line ?? null }
}

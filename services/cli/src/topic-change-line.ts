import type { TopicChange } from '@cf-audit-drain/log/kafka'
import type { TopicsArguments } from './arguments.ts'

export function doneLine(change: TopicChange): string {
  return `done: ${textOf(change)}`
}

function textOf({ kind, topic, text }: TopicChange): string {
  return kind === 'make' ? `make ${topic}: ${text}` : `${topic}: ${text}`
}

/** With what is wrong as long as it is not done. */
function todoOf(change: TopicChange): string {
  const harm = 'harm' in change && change.harm !== null ? ` (as it is, ${change.harm})` : ''
  return `${textOf(change)}${harm}`
}

const apply = 'cf-audit-drain topics apply'

/** What `apply` would do by itself, or why it does not. `configFile`: as it was typed. */
export function leftLine(
  change: TopicChange,
  action: TopicsArguments['action'],
  configFile: string | undefined,
): string {
  if (change.kind === 'make' || change.kind === 'raise') return `to do: ${todoOf(change)}`
  const { topic, kind, because, command } = change
  const allow = kind === 'lower' ? `${apply} --allow-lower ${topic}, or ` : ''
  const config = configFile === undefined ? '' : ` --config ${configFile}`
  const todo = `${allow}${command}`.replaceAll(apply, `${apply}${config}`)
  const verdict = action === 'plan' ? 'will not be done' : 'not done'
  return `${verdict}: ${todoOf(change)}, because ${because}; do: ${todo}`
}

import { category } from './event-type.ts'

/** What this program tells of, and Cloud Controller does not (own-event.ts). */
export const own = [
  ...category('source-integrity', [
    [
      'cf-audit-drain.source.event-missing',
      'event-missing',
      8,
      'P?',
      '{actor} found that an audit event is gone from Cloud Controller ({target})',
    ],
    [
      'cf-audit-drain.source.truncated',
      'truncated',
      9,
      'P?',
      '{actor} found the audit events of Cloud Controller cut off ({target})',
    ],
    [
      'cf-audit-drain.source.restored',
      'restored',
      9,
      'P?',
      '{actor} found the audit events of Cloud Controller set back to an earlier time ({target})',
    ],
  ]),
  ...category('task', [
    ['cf-audit-drain.task.completed', 'completed', 3, '?', '{actor} saw a task of app {target} end'],
    ['cf-audit-drain.task.lost', 'lost', 4, '?', '{actor} lost sight of a task of app {target}'],
  ]),
]

import { stateKinds } from '@cf-audit-drain/event'
import * as z from 'zod'
import type { StateDifferencesConfig } from './config.ts'
import { duration, oneOf } from './setting.ts'

export const stateDifferencesSchema = z
  .strictObject({
    every: duration(
      {
        about:
          'How often each kind is read. `space-ssh` and `app-ssh` take one request for each space and app, spread over this time.',
        example: '15m',
      },
      '1m',
      '1d',
    ).prefault('15m'),
    kinds: z
      .array(oneOf({ about: 'One kind of what is read.', example: 'role' }, stateKinds))
      .min(1)
      .max(stateKinds.length)
      .meta({ description: `What is read; all of it when left out: \`${stateKinds.join('`, `')}\`.` })
      .optional(),
  })
  .meta({
    description:
      'Reads what Cloud Controller does not audit, and tells what changed in events of its own (`cf-audit-drain.state.*`). Off without it; `{}` turns it on.',
  })

export function toStateDifferences(
  document: z.output<typeof stateDifferencesSchema> | undefined,
): StateDifferencesConfig | null {
  if (document === undefined) return null
  return { everyMs: document.every, kinds: [...new Set(document.kinds ?? stateKinds)] }
}

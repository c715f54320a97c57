import type { Random } from '@cf-audit-drain/pipeline'
import { railsJson } from './rails-json.ts'
import { randomGuid } from './random-guid.ts'
import { wholeSecond } from './simulated-row.ts'

/** An event that no reader can take: without guid or time, or of the wrong types. */
export function malformedText(random: Random, createdAtUs: number): string {
  const guid = randomGuid(random)
  const at = wholeSecond(createdAtUs)
  const right = {
    guid,
    created_at: at,
    updated_at: at,
    type: 'audit.app.update',
    actor: { guid: randomGuid(random), type: 'user', name: 'alice@example.com' },
    target: { guid: randomGuid(random), type: 'app', name: 'an-app' },
    data: {},
    space: null,
    organization: null,
  }
  const wrong: readonly object[] = [
    { ...right, guid: null },
    { ...right, guid: 42, type: ['audit.app.update'] },
    { ...right, created_at: undefined },
    { ...right, created_at: 'yesterday' },
    { ...right, created_at: 1795318103, actor: 'alice' },
    { ...right, type: null, data: 'none' },
  ]
  return railsJson(wrong[Math.floor(random() * wrong.length)])
}

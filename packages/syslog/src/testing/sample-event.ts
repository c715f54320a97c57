import type { AuditEvent } from '@cf-audit-drain/event'
import type { Batch } from '@cf-audit-drain/pipeline'

export function sampleEvent(change: Partial<AuditEvent> = {}): AuditEvent {
  return {
    foundation: 'eu1',
    guid: '4a8d3c52-6b1e-4d3c-8f6e-0c1d2e3f4a5b',
    type: 'audit.app.update',
    createdAt: '2026-11-22T02:43:39Z',
    actor: { guid: '2c1a9d1e-7b1a-4b7e-9c1c-0f8b5f7f0a11', type: 'user', name: 'bob@example.com' },
    target: { guid: '5f3b0c6e-57c9-4a3c-9b8a-8b8c1a1f7d10', type: 'app', name: 'billing-api' },
    spaceGuid: '8f8c2b1a-0000-4000-8000-000000000001',
    organizationGuid: '6a1c2b1a-0000-4000-8000-000000000002',
    data: '{"request":{"instances":9007199254740993}}',
    scrubPolicy: 1,
    scrubbedPaths: [],
    crashId: null,
    provenance: 'live',
    receivedAtMs: 1795315421000,
    names: null,
    ...change,
  }
}

/** `count` events whose guids are `event-0`, `event-1`, … */
export function sampleBatch(count: number, change: Partial<AuditEvent> = {}): Batch<AuditEvent> {
  const event = (index: number) => sampleEvent({ ...change, guid: `event-${index}` })
  return [event(0), ...Array.from({ length: count - 1 }, (_, index) => event(index + 1))]
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EventNames } from '@cf-audit-drain/event'
import { syslogCodec } from './codec.ts'
import { appHostname } from './syslog-header.ts'
import { sampleEvent } from './testing/sample-event.ts'

const names: EventNames = {
  actor: 'bob@example.com',
  actorKind: 'user',
  organization: 'my org',
  space: 'dev',
  appGuid: '5f3b0c6e-57c9-4a3c-9b8a-8b8c1a1f7d10',
  app: 'billing-api',
  target: null,
  related: [],
  unresolved: [],
}
const cef = (change: Parameters<typeof sampleEvent>[0]) => syslogCodec({}).encode(sampleEvent(change))

test('HOSTNAME is made as loggregator makes it', () => {
  const host = (organization: string | null, space: string | null, app: string | null) =>
    appHostname({ organization, space, app })
  assert.equal(host('my org', 'dev', 'spring-music'), 'my-org.dev.spring-music')
  assert.equal(host('some_org', 'Größe & Söhne', 'a.b'), 'someorg.Gre--Shne.ab')
  assert.equal(host('  two \t words ', 'x', 'y'), '-two-words.x.y')
  assert.equal(host('a'.repeat(80), 'b'.repeat(63), 'c-'), `${'a'.repeat(63)}.${'b'.repeat(63)}.c`)
  assert.equal(host('', '', ''), '..')
  assert.equal(host('org', null, null), 'org..')
  assert.equal(host(null, null, null), null)
})

test('a message of an app has the names of its time, where loggregator has them too', () => {
  assert.ok(
    cef({ names }).startsWith(
      '<110>1 2026-11-22T02:43:39+00:00 my-org.dev.billing-api 5f3b0c6e-57c9-4a3c-9b8a-8b8c1a1f7d10 [AUDIT/0] audit.app.update ' +
        '[tags@47450 app_id="5f3b0c6e-57c9-4a3c-9b8a-8b8c1a1f7d10" app_name="billing-api" event_guid="4a8d3c52-6b1e-4d3c-8f6e-0c1d2e3f4a5b" ' +
        'foundation="eu1" organization_id="6a1c2b1a-0000-4000-8000-000000000002" organization_name="my org" origin="cloud_controller" ' +
        'provenance="live" source_type="AUDIT" space_id="8f8c2b1a-0000-4000-8000-000000000001" space_name="dev"] CEF:0|',
    ),
    cef({ names }),
  )
  assert.match(
    cef({ names }),
    / dhost=my-org\.dev\.billing-api destinationServiceName=my org\/dev\/billing-api /,
  )
})

test('SSH to a process is told under the app, by whom it was, client or user', () => {
  const line = cef({
    type: 'audit.app.ssh-authorized',
    actor: { guid: 'ci-deployer', type: 'user', name: '' },
    target: { guid: 'a-process', type: 'app', name: 'billing-api' },
    names: { ...names, actor: 'ci-deployer', actorKind: 'client' },
  })
  assert.match(line, / my-org\.dev\.billing-api 5f3b0c6e-57c9-4a3c-9b8a-8b8c1a1f7d10 \[AUDIT\/0\] /)
  assert.match(line, / suser=ci-deployer suid=ci-deployer /)
  assert.match(line, / cs4Label=actor_type cs4=client /)
})

test('SSH to a process whose app is not known is not told under the guid of the process', () => {
  const ssh = {
    type: 'audit.app.ssh-unauthorized',
    target: { guid: 'a-process', type: 'app', name: 'billing-api' },
  }
  const unresolved = [{ kind: 'process', guid: 'a-process', reason: 'absent' }]
  const line = cef({ ...ssh, names: { ...names, appGuid: null, unresolved } })
  assert.match(line, / my-org\.dev\.billing-api cloud_controller \[AUDIT\/0\] /)
  assert.match(line, /\[tags@47450 app_name="billing-api" event_guid=/)
  assert.match(
    line,
    / names="partial" .* origin="cloud_controller" process_id="a-process" provenance="live" /,
  )
  assert.match(line, / requestContext=not found: process a-process \(absent\) /)
  for (const withoutNames of [cef(ssh), syslogCodec({ format: 'json' }).encode(sampleEvent(ssh))]) {
    assert.match(withoutNames, / eu1 cloud_controller \[AUDIT\/0\] .* process_id="a-process" /)
    assert.ok(!withoutNames.includes('app_id='))
  }
})

test('what could not be found is said, and what else the event speaks of', () => {
  const line = cef({
    names: {
      ...names,
      space: null,
      related: [{ kind: 'service_plan', guid: 'p', name: 'big' }],
      unresolved: [{ kind: 'space', guid: '8f8c2b1a', reason: 'absent' }],
    },
  })
  assert.match(line, / my-org\.\.billing-api /)
  assert.match(line, / names="partial" /)
  assert.match(line, / requestContext=service_plan big; not found: space 8f8c2b1a \(absent\) msg=/)
})

test('JSON has the names as they are in the log, null when they were not looked for', () => {
  const json = (change: Parameters<typeof sampleEvent>[0]) => {
    const line = syslogCodec({ format: 'json' }).encode(sampleEvent(change))
    return JSON.parse(line.slice(line.indexOf('] {') + 2))
  }
  assert.deepEqual(json({ names }).names, names)
  assert.equal(json({}).names, null)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeEvent } from './describe.ts'
import { eventAboutTask } from './testing/event-about-task.ts'

const said = (type: string, data: string, name = 'evil.example.com') =>
  describeEvent({
    ...eventAboutTask(`cf-audit-drain.state.${type}`, data),
    target: { guid: 'd1', type: 'domain', name },
  })

test('a difference is told with what became of the thing: it is new, gone or changed', () => {
  const found = (change: string) => said('domain', JSON.stringify({ change }))
  assert.equal(found('created'), 'cf-audit-drain found domain evil.example.com created')
  assert.equal(found('deleted'), 'cf-audit-drain found domain evil.example.com deleted')
  assert.equal(found('updated'), 'cf-audit-drain found domain evil.example.com changed')
  assert.equal(
    said('role.unexplained', '{"change":"created"}'),
    'cf-audit-drain found a role of user evil.example.com created, and no audit event tells of it',
  )
  assert.equal(
    said('space-ssh', '{"change":"deleted"}'),
    'cf-audit-drain found SSH switched off in space evil.example.com',
  )
})

test('neither a name nor data of any form changes the verb', () => {
  assert.match(said('domain', '{"change":"updated"}', 'a changed b'), /found domain a changed b changed$/)
  assert.match(said('domain', '{"change":"created"}', 'a changed b'), /found domain a changed b created$/)
  for (const data of ['', 'null', '[]', '{"change":7}', '{"change":"$&"}'])
    assert.match(said('domain', data), /com changed$/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TopicChange } from '@cf-audit-drain/log/kafka'
import { leftLine } from './topic-change-line.ts'

const change = {
  topic: 'p.events.lab',
  text: 'cleanup.policy compact -> delete',
  because: 'it takes away',
  harm: 'it keeps all',
  key: 'cleanup.policy',
  value: 'delete',
  command: 'kafka-configs',
} as const

test('what a topic does as long as it is not changed stands behind the change, whether apply would do it or not', () => {
  const raise: TopicChange = { ...change, kind: 'raise' }
  const told = 'p.events.lab: cleanup.policy compact -> delete (as it is, it keeps all)'
  assert.equal(leftLine(raise, 'plan', undefined), `to do: ${told}`)
  assert.equal(leftLine({ ...raise, harm: null }, 'plan', undefined), `to do: ${told.replace(/ \(.*/, '')}`)
  const allow = 'cf-audit-drain topics apply --allow-lower p.events.lab, or kafka-configs'
  const lower: TopicChange = { ...change, kind: 'lower' }
  assert.equal(
    leftLine(lower, 'plan', undefined),
    `will not be done: ${told}, because it takes away; do: ${allow}`,
  )
  assert.equal(leftLine(lower, 'apply', undefined), `not done: ${told}, because it takes away; do: ${allow}`)
  const anew = {
    ...change,
    kind: 'by hand',
    command: 'kafka-topics --delete && cf-audit-drain topics apply',
  } as const
  assert.match(
    leftLine(anew, 'plan', 'c.yaml'),
    /do: kafka-topics --delete && .* topics apply --config c\.yaml$/,
  )
  assert.match(leftLine(lower, 'plan', './lab.yaml'), /topics apply --config \.\/lab\.yaml --allow-lower p\./)
})

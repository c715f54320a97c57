import type { Delivery } from './kafka-options.ts'
import type { Names } from './names.ts'
import type { Right } from './refused.ts'

/** What a login needs for its part. README has the same as commands; `acl.test.ts` holds both to it. */
export function pollerRights(names: Names, foundation: string, delivery: Delivery): readonly Right[] {
  const topics = [names.events, names.state, names.ledger].map(name => name.call(names, foundation))
  return [
    ...[...topics, names.deadLetters].flatMap(name => [
      right('topic', name, 'Read'),
      right('topic', name, 'Write'),
    ]),
    right('group', names.checkpointGroup(foundation), 'Read'),
    right('group', names.pollerGroup, 'Read'),
    ...(delivery === 'at-least-once'
      ? []
      : [right('transactional-id', names.transactionalId(foundation), 'Write')]),
  ]
}

export function sinkRights(names: Names, sink: string, foundations: readonly string[]): readonly Right[] {
  return [
    ...foundations.flatMap(one => [
      right('topic', names.events(one), 'Read'),
      right('topic', names.state(one), 'Read'),
    ]),
    right('topic', names.deadLetters, 'Read'),
    right('topic', names.deadLetters, 'Write'),
    right('group', names.sinkGroup(sink), 'Read'),
  ]
}

/** Of whoever buries what a sink cannot take. */
export function lettersRights(names: Names): readonly Right[] {
  return [right('topic', names.deadLetters, 'Write')]
}

/** Of `topics plan` and `topics apply`. To change settings is to see them. */
export function topicsRights(topics: readonly string[]): readonly Right[] {
  return topics.flatMap(name => [
    right('topic', name, 'Create'),
    right('topic', name, 'Describe'),
    right('topic', name, 'AlterConfigs'),
  ])
}

/** Of whoever makes the topics that are not there at the first start. */
export function makingRights(missing: readonly string[]): readonly Right[] {
  return missing.map(name => right('topic', name, 'Create'))
}

function right(resource: Right['resource'], name: string, operation: Right['operation']): Right {
  return { resource, name, operation }
}

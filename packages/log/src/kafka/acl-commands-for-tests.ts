import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { AclEntry } from 'kafkajs'

const readme = join(import.meta.dirname, '../../../../README.md')

/** The `kafka-acls` commands that README has for one user, as it spells them. */
export function readmeCommands(user: string): readonly string[] {
  const text = readFileSync(readme, 'utf8').replaceAll(/\\\n\s*/g, '')
  const lines = text.split('\n').filter(line => line.startsWith('kafka-acls '))
  return lines.filter(line => line.includes(`User:${user} `))
}

/** https://kafka.apache.org/protocol: ResourceType, PatternType, AclPermissionType, AclOperation. */
const types = { topic: 2, group: 3, transactionalId: 5, literal: 3, prefixed: 4, allow: 3 } as const
const operations: Readonly<Record<string, number>> = {
  Read: 3,
  Write: 4,
  Create: 5,
  Describe: 8,
  DescribeConfigs: 10,
  AlterConfigs: 11,
}

/** What `kafka-acls` would ask the brokers for. */
export function aclsOf(command: string): readonly AclEntry[] {
  const [program, ...args] = command.split(/\s+/)
  assert.equal(program, 'kafka-acls')
  const { values } = parseArgs({
    args,
    strict: true,
    options: {
      'bootstrap-server': { type: 'string' },
      'command-config': { type: 'string' },
      add: { type: 'boolean' },
      'allow-principal': { type: 'string' },
      operation: { type: 'string', multiple: true },
      topic: { type: 'string' },
      group: { type: 'string' },
      'transactional-id': { type: 'string' },
      'resource-pattern-type': { type: 'string' },
    },
  })
  const isPrefix = values['resource-pattern-type'] === 'prefixed'
  const resources = [
    [types.topic, values.topic],
    [types.group, values.group],
    [types.transactionalId, values['transactional-id']],
  ] as const
  return (values.operation ?? []).flatMap(operation =>
    resources.flatMap(([resourceType, name]) =>
      name === undefined
        ? []
        : [
            {
              resourceType,
              resourceName: name,
              resourcePatternType: isPrefix ? types.prefixed : types.literal,
              principal: values['allow-principal'] ?? '',
              host: '*',
              operation: operations[operation] ?? assert.fail(`operation ${operation}`),
              permissionType: types.allow,
            },
          ],
    ),
  )
}

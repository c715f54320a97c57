import type { AclEntry } from 'kafkajs'
import { Kafka, logLevel } from './kafkajs-door.ts'

/** https://kafka.apache.org/protocol: ResourceType, AclOperation. */
const resources = { topic: 2, group: 3 } as const
const operations = { Read: 3, Write: 4 } as const
const [prefixed, allowed, whichever] = [4, 3, 1]

export interface GivenRight {
  readonly resource: keyof typeof resources
  /** What the names of the topics or groups begin with. */
  readonly prefix: string
  readonly operation: keyof typeof operations
}

/** Gives rights to a user of a broker with an authorizer, and takes them away, as somebody who may. */
export async function rightsOfUser(brokers: readonly string[], user: string) {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const entry = ({ resource, prefix, operation }: GivenRight): AclEntry => ({
    resourceType: resources[resource],
    resourceName: prefix,
    resourcePatternType: prefixed,
    principal: `User:${user}`,
    host: '*',
    operation: operations[operation],
    permissionType: allowed,
  })
  return {
    give: async (...rights: readonly GivenRight[]) => {
      await admin.createAcls({ acl: rights.map(entry) })
    },
    /** These, as they were given. */
    take: async (...rights: readonly GivenRight[]) => {
      await admin.deleteAcls({ filters: rights.map(entry) })
    },
    /** All that the user has on resources of this kind. */
    takeAll: async (resource: GivenRight['resource']) => {
      const filter = { resourcePatternType: whichever, operation: whichever, permissionType: whichever }
      await admin.deleteAcls({
        filters: [{ ...filter, resourceType: resources[resource], principal: `User:${user}` }],
      })
    },
    close: () => admin.disconnect(),
  }
}

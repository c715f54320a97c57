import type { PartitionAssigner } from 'kafkajs'
import { AssignerProtocol } from './kafkajs-door.ts'
import { type GroupMember, sharedOut } from './shared-out.ts'

const { MemberMetadata, MemberAssignment } = AssignerProtocol
/** Members with an assigner of another name do not get into the group. */
const name = 'cf-audit-sticky'
const version = 0

/**
 * Shares topics of one partition out among the members that subscribe to them. kafkajs' own assigner hands the topics
 * its leader subscribes to round, whether or not the others do. `held`: the topics this member has now, dearest
 * first; it tells the others whenever it joins.
 */
export function stickyAssigner(held: () => Iterable<string>): PartitionAssigner {
  return () => ({
    name,
    version,
    protocol: ({ topics }) => ({
      name,
      metadata: MemberMetadata.encode({
        version,
        topics,
        userData: Buffer.from(JSON.stringify([...held()])),
      }),
    }),
    assign: async ({ members }) => {
      const shares = sharedOut(
        members.map(({ memberId, memberMetadata }) => toMember(memberId, memberMetadata)),
      )
      return [...shares].map(([memberId, topics]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version,
          assignment: Object.fromEntries(topics.map(topic => [topic, [0]])),
          userData: Buffer.alloc(0),
        }),
      }))
    },
  })
}

function toMember(id: string, metadata: Buffer): GroupMember {
  const decoded = MemberMetadata.decode(metadata)
  return { id, wants: decoded?.topics ?? [], holds: topicsIn(decoded?.userData) }
}

/** What another version has put there is nothing to end for: then it holds nothing. */
function topicsIn(userData: Buffer | undefined): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(String(userData))
    return Array.isArray(parsed) ? parsed.filter(one => typeof one === 'string') : []
  } catch {
    return []
  }
}

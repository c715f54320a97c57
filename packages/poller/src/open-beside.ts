import type { FoundationWriter } from '@cf-audit-drain/log'
import type { EventNaming } from './event-naming.ts'
import { KeptRecords } from './kept-records.ts'
import type { TaskFollowing } from './task-following.ts'

/** Who finds out more than the rows of audit events say; made anew for each session. */
export interface BesideMakers {
  /** Ends with the signal. Left out: events go without names. */
  readonly naming?: (session: AbortSignal) => EventNaming
  /** Left out: tasks are not followed. */
  readonly tasks?: () => TaskFollowing
}

export interface Beside {
  readonly kept: KeptRecords
  readonly naming?: EventNaming
  readonly tasks?: TaskFollowing
}

/** They know again what the log has kept for them. */
export async function openBeside(
  makers: BesideMakers,
  writer: Pick<FoundationWriter, 'names'>,
  session: AbortSignal,
): Promise<Beside> {
  const [naming, tasks] = [makers.naming?.(session), makers.tasks?.()]
  const kept = new KeptRecords()
  await (naming ? naming.restore(kept.rest(writer.names())) : kept.restore(writer.names()))
  tasks?.restore(kept.beginningWith('task '))
  return { kept, ...(naming && { naming }), ...(tasks && { tasks }) }
}

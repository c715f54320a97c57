import { Counter, Gauge, type Registry } from 'prom-client'

/** What became of tasks. */
export interface TaskMetrics {
  /** So many are followed now. */
  tasksFollowed(count: number): void
  taskCompleted(state: string): void
  taskLost(): void
  /** There were too many to follow this one. */
  taskNotFollowed(): void
  /** Looking at tasks, or telling of one, failed and is tried again. */
  taskLookFailed(): void
}

/** What Cloud Controller calls the end of a task; it cannot make labels up. */
const states = ['SUCCEEDED', 'FAILED'] as const

/** One set of setters for each foundation; `show` makes the series that exist from the start, `hide` takes all away. */
export function taskMetrics(
  registry: Registry,
): (foundation: string) => TaskMetrics & { show(): void; hide(): void } {
  const of = (name: string, help: string) => ({ name: `cf_audit_${name}`, help, registers: [registry] })
  const labelNames = ['foundation'] as const
  const followed = new Gauge({
    ...of('tasks_followed', 'Tasks that were created and have not been seen to end.'),
    labelNames,
  })
  const completed = new Counter({
    ...of('tasks_completed_total', 'Tasks that this process has told the end of.'),
    labelNames: ['foundation', 'state'],
  })
  const lost = new Counter({
    ...of('tasks_lost_total', 'Tasks that were gone before they were seen to end.'),
    labelNames,
  })
  const notFollowed = new Counter({
    ...of('tasks_not_followed_total', 'Tasks that are not followed, because there are too many.'),
    labelNames,
  })
  const failures = new Counter({
    ...of(
      'tasks_failures_total',
      'Times that looking at tasks, or telling of one, failed. It is tried again.',
    ),
    labelNames,
  })
  return foundation => {
    const labels = { foundation }
    return {
      show: () => {
        followed.set(labels, 0)
        for (const state of states) completed.inc({ ...labels, state }, 0)
        for (const counter of [lost, notFollowed, failures]) counter.inc(labels, 0)
      },
      hide: () => {
        for (const state of states) completed.remove({ ...labels, state })
        for (const metric of [followed, lost, notFollowed, failures]) metric.remove(labels)
      },
      tasksFollowed: count => followed.set(labels, count),
      taskCompleted: state => {
        const known = states.find(one => one === state)
        if (known !== undefined) completed.inc({ ...labels, state: known })
      },
      taskLost: () => lost.inc(labels),
      taskNotFollowed: () => notFollowed.inc(labels),
      taskLookFailed: () => failures.inc(labels),
    }
  }
}

import { type CloudController, CloudFoundryError, taskLookups } from '@cf-audit-drain/cloud-foundry'
import type { FoundationConfig } from '@cf-audit-drain/config'
import type { Scrubber } from '@cf-audit-drain/event'
import type { PollerDeps } from '@cf-audit-drain/poller'
import { TaskTrail, type TaskTrailObserver } from '@cf-audit-drain/task-trail'
import { type ClientDeps, clientDeps, clientOptions } from './client-options.ts'
import { heldBackMs } from './names.ts'

/** Of this process. */
export interface TasksStatus {
  readonly following: number
  readonly completed: number
  readonly lost: number
  readonly notFollowed: number
  /** The identity is shown no tasks, or not all: what is not shown is not called lost. */
  readonly areHidden: boolean
  /** The identity is shown tasks without their commands. */
  readonly areCommandsHidden: boolean
  /** Null once an answer came. */
  readonly lastError: { readonly at: string; readonly message: string } | null
}

export interface FoundationTasks {
  /** What a poller is given for tasks; nothing when they are not followed. */
  readonly deps: Pick<PollerDeps, 'tasks'>
  /** Null when they are not followed. */
  status(): TasksStatus | null
  close(): Promise<void>
}

const lookupLimits = { maxInFlight: 1, requestTimeoutMs: 15_000 }

/** Beside the polling: another connection, and at most half of what the rate limit allows. */
export function tasksOf(
  config: FoundationConfig,
  controller: CloudController,
  deps: ClientDeps & { readonly scrubber: Scrubber },
): FoundationTasks {
  const { follow, command } = config.tasks
  if (!follow) return { deps: {}, status: () => null, close: async () => {} }
  const options = { ...clientOptions(config), ...lookupLimits }
  const lookups = taskLookups(options, clientDeps(deps), controller.tokens)
  const { clock, scrubber } = deps
  const { observer, status, begins } = observed(deps)
  return {
    deps: {
      tasks: () => {
        begins()
        return new TaskTrail(
          { command },
          {
            clock,
            scrubber,
            lookups,
            observer,
            heldBackMs: () => heldBackMs(controller.rateLimit, lookups.rateLimit, clock),
          },
        )
      },
    },
    status,
    close: () => lookups.close(),
  }
}

/** Log lines, metrics and /status of what a trail tells. */
function observed({ logger, metrics, clock }: ClientDeps): {
  readonly observer: TaskTrailObserver
  status(): TasksStatus
  /** Another session: what was hidden may be shown now. */
  begins(): void
} {
  let status: TasksStatus = {
    following: 0,
    completed: 0,
    lost: 0,
    notFollowed: 0,
    areHidden: false,
    areCommandsHidden: false,
    lastError: null,
  }
  const note = (change: Partial<TasksStatus>) => {
    status = { ...status, ...change }
  }
  const observer: TaskTrailObserver = {
    following(count) {
      note({ following: count })
      metrics?.tasksFollowed(count)
    },
    completed(state) {
      note({ completed: status.completed + 1 })
      metrics?.taskCompleted(state)
    },
    lost() {
      note({ lost: status.lost + 1 })
      metrics?.taskLost()
    },
    notFollowed() {
      if (status.notFollowed === 0)
        logger.warn('too many tasks run at once: what becomes of further ones is not told')
      note({ notFollowed: status.notFollowed + 1 })
      metrics?.taskNotFollowed()
    },
    answered() {
      if (status.lastError !== null) note({ lastError: null })
    },
    failed(error, pauseMs) {
      const { message } = error
      note({ lastError: { at: new Date(clock.now()).toISOString(), message } })
      metrics?.taskLookFailed()
      const cause = error instanceof CloudFoundryError ? { reason: message } : { err: error }
      logger.warn(
        { ...cause, pauseMs },
        'tasks could not be looked at: what became of them is told later, and no event waits for it',
      )
    },
    hidden(count) {
      note({ areHidden: true })
      logger.warn(
        { count },
        'Cloud Controller does not show this identity the tasks that events speak of: what became of them is not told. A global auditor sees all of them, a space auditor those of the space; tasks.follow: false ends this',
      )
    },
    commandsHidden() {
      note({ areCommandsHidden: true })
      logger.info(
        'Cloud Controller shows this identity no commands of tasks: events go without them and say so. cloud_controller.admin_read_only and space developers see them; tasks.command: off ends this',
      )
    },
  }
  const begins = () => note({ areHidden: false, areCommandsHidden: false, lastError: null })
  return { observer, status: () => status, begins }
}

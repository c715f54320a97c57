import type { TestContext } from 'node:test'
import { type ShownTask, type TaskLookups, taskLookups } from '@cf-audit-drain/cloud-foundry'
import {
  type AuditEvent,
  createScrubber,
  type OwnEvent,
  parseAuditEvent,
  rawOwnEvent,
  splitEventPage,
} from '@cf-audit-drain/event'
import {
  type Foundation,
  type SimulatedRow,
  type SimulatorOptions,
  startFoundation,
  type TaskCourse,
} from '@cf-audit-drain/foundation-simulator'
import type { NameRecord } from '@cf-audit-drain/log'
import { type DrivenClock, drivenClock, seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { TaskTrail, type TaskTrailDeps, type TaskTrailOptions, type TaskTrailSession } from '../task-trail.ts'

export const scrubber = createScrubber({ key: Buffer.alloc(32, 7) })
const never = new AbortController().signal

/** `00000001-…`: a UUID that one can tell apart by eye. */
export function uuid(number: number): string {
  return `${number.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`
}

/** A simulated foundation whose tasks are followed over HTTP, on a clock that the test moves, and what stands for the log. */
export class FollowedFoundation {
  readonly clock: DrivenClock = drivenClock()
  foundation!: Foundation
  trail!: TaskTrail
  /** What was told, parsed as every event is. */
  readonly told: AuditEvent[] = []
  readonly kept = new Map<string, string>()
  /** What the trail said of itself. */
  readonly said: string[] = []
  mayClose = true
  seesEverything = true
  acceptedSec = 0
  /** What the trail is given of each task that was answered: a test puts a fault of our own here. */
  reads: (task: ShownTask) => ShownTask = task => task
  /** The next `tell` does not come to its end. */
  killNextTell = false
  #lookups!: TaskLookups
  #options: TaskTrailOptions = { command: 'fingerprint' }
  #deps: Partial<TaskTrailDeps> = {}

  static async make(
    t: TestContext,
    options: Partial<TaskTrailOptions> = {},
    simulator: SimulatorOptions = {},
    deps: Partial<TaskTrailDeps> = {},
  ): Promise<FollowedFoundation> {
    const made = new FollowedFoundation()
    made.#options = { command: 'fingerprint', ...options }
    made.#deps = deps
    const clients = [{ id: 'a', secret: 'b', scopes: ['cloud_controller.admin_read_only'] }]
    made.foundation = await startFoundation({
      clock: made.clock,
      random: seededRandom(1),
      clients,
      ...simulator,
    })
    const { api, clientId, clientSecret } = made.foundation
    made.#lookups = taskLookups(
      { name: 'test', api, clientId, clientSecret, requestTimeoutMs: 15_000 },
      { clock: made.clock, random: seededRandom(2), env: {} },
    )
    made.restart()
    t.after(async () => {
      await made.#lookups.close()
      await made.foundation.close()
    })
    return made
  }

  /** As after a kill: what is known comes from what was kept. */
  restart(options: Partial<TaskTrailOptions> = {}): void {
    this.#options = { ...this.#options, ...options }
    const observer = {
      completed: (state: string) => this.said.push(`completed ${state}`),
      lost: () => this.said.push('lost'),
      notFollowed: () => this.said.push('not followed'),
      failed: (error: Error, pauseMs: number) => this.said.push(`${error.name} ${pauseMs}`),
      hidden: () => this.said.push('hidden'),
      commandsHidden: () => this.said.push('commands hidden'),
    }
    const states: TaskLookups['states'] = async (guids, signal) =>
      (await this.#lookups.states(guids, signal)).map(task => this.reads(task))
    this.trail = new TaskTrail(this.#options, {
      clock: this.clock,
      lookups: { ...this.#lookups, states },
      scrubber,
      observer,
      ...this.#deps,
    })
    this.trail.restore(this.kept)
  }

  /** Tasks that run for ever unless the course says otherwise, and their create events, met and published. */
  creates(numbers: readonly number[], course: Partial<TaskCourse> = {}, row: SimulatedRow = {}): void {
    for (const number of numbers) this.shows(number, course, row.spaceGuid ?? uuid(800))
    this.meets(numbers.map(number => this.row('audit.app.task.create', number, row)))
  }

  /** Cloud Controller shows the task, created now. */
  shows(number: number, course: Partial<TaskCourse> = {}, spaceGuid = uuid(800)): void {
    const endsAfterMs = Number.POSITIVE_INFINITY
    this.foundation.tasks.add({
      guid: uuid(number),
      appGuid: uuid(900),
      spaceGuid,
      name: `job-${number}`,
      command: `bin/job --number=${number} --password=hunter2`,
      createdAtMs: this.clock.now(),
      course: { runsAfterMs: 0, endsAfterMs, state: 'SUCCEEDED', failureReason: null, ...course },
    })
  }

  row(type: string, number: number, more: SimulatedRow = {}): SimulatedRow {
    return {
      type,
      guid: uuid((type.endsWith('create') ? 100_000 : 200_000) + number),
      actor: { guid: uuid(700), type: 'user', name: 'bob@example.com' },
      target: { guid: uuid(900), type: 'app', name: 'billing' },
      spaceGuid: uuid(800),
      organizationGuid: uuid(801),
      createdAtUs: this.clock.now() * 1000,
      data: { task_guid: uuid(number), request: { name: `job-${number}`, command: '[PRIVATE DATA HIDDEN]' } },
      ...more,
    }
  }

  /** As the recorder does: met, and in the same transaction kept. */
  meets(rows: readonly SimulatedRow[]): void {
    const texts = this.foundation.insert(rows).map(guid => this.foundation.text(guid))
    const body = `{"pagination":{"total_results":${texts.length}},"resources":[${texts.join(',')}]}`
    for (const raw of splitEventPage(body).resources)
      this.trail.met(
        parseAuditEvent(raw, { foundation: 'test', scrubber, provenance: 'live', receivedAtMs: 0 }),
      )
    this.publish()
  }

  publish(changes: readonly NameRecord[] = []): void {
    for (const { key, value } of [...this.trail.takeChanges(), ...changes])
      if (value === null) this.kept.delete(key)
      else this.kept.set(key, value)
  }

  async tell(events: readonly OwnEvent[], kept: readonly NameRecord[]): Promise<void> {
    if (this.killNextTell) {
      this.killNextTell = false
      throw new Error('killed')
    }
    for (const event of events) {
      const raw = rawOwnEvent('test', event)
      this.told.push(
        parseAuditEvent(raw, { foundation: 'test', scrubber, provenance: 'live', receivedAtMs: 0 }),
      )
    }
    this.publish(kept)
  }

  readonly session: TaskTrailSession = {
    tell: (events, kept) => this.tell(events, kept),
    mayClose: async () => this.mayClose,
    seesEverything: () => this.seesEverything,
    acceptedSec: () => this.acceptedSec,
    nowSec: () => Math.floor(this.clock.now() / 1000),
  }

  /** One look after so many seconds. */
  async after(sec: number): Promise<void> {
    this.clock.advance(sec * 1000)
    await this.trail.step(this.session, never)
  }

  /** Looks every 5 s, for so long. */
  async watch(sec: number): Promise<void> {
    for (let left = sec; left > 0; left -= 5) await this.after(5)
  }

  /** A step in which a request hangs: time passes until it is given up. */
  async hanging(): Promise<void> {
    const step = this.trail.step(this.session, never)
    let isOver = false
    const over = step.finally(() => {
      isOver = true
    })
    while (!isOver) {
      await systemClock.sleep(5)
      this.clock.advance(1_000)
    }
    await over
  }

  data(at: number): Readonly<Record<string, unknown>> {
    return JSON.parse(this.told[at]?.data ?? '{}')
  }

  /** Requests to `/v3/tasks` and below. */
  get asked(): number {
    return [...this.foundation.requests.byPath]
      .filter(([path]) => path.startsWith('/v3/tasks'))
      .reduce((sum, [, count]) => sum + count, 0)
  }
}

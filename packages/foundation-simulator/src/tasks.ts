import type { Memberships } from './access.ts'
import { errors } from './cloud-controller-error.ts'
import type { CollectionStore } from './collections.ts'
import { type Resource, relatedGuid } from './resource.ts'
import { type CompleteRow, wholeSecond } from './simulated-row.ts'
import type { Identity } from './token-issuer.ts'

/** How a task goes on, by itself. */
export interface TaskCourse {
  /** Milliseconds after its creation: until then it is PENDING. */
  readonly runsAfterMs: number
  /** Infinity: it never ends. */
  readonly endsAfterMs: number
  readonly state: 'SUCCEEDED' | 'FAILED'
  readonly failureReason: string | null
}

export interface SimulatedTask {
  readonly guid: string
  readonly appGuid: string
  readonly spaceGuid: string | null
  readonly name: string
  readonly command: string
  /** In the foundation's clock. */
  readonly createdAtMs: number
  readonly course: TaskCourse
}

const createType = 'audit.app.task.create'
const dayMs = 86_400_000
const commands = [
  'rake db:migrate',
  './report --quarter=3',
  'curl -u admin:hunter2 https://x',
  'bin/import --from s3',
]
const readers = [
  'cloud_controller.admin',
  'cloud_controller.admin_read_only',
  'cloud_controller.global_auditor',
]

/**
 * The tasks of a foundation. Each `audit.app.task.create` that is put into the table makes one, unless it is here already,
 * whose course its guid decides: seven of eight succeed, within a minute or so. Ended ones are pruned after `retentionDays`.
 */
export class Tasks {
  readonly #tasks = new Map<string, SimulatedTask>()
  readonly #numbers = new Map<string, number>()
  readonly #odd = new Map<string, Readonly<Record<string, unknown>>>()
  readonly #collections: CollectionStore
  readonly #keptMs: number

  constructor(collections: CollectionStore, retentionDays: number) {
    this.#collections = collections
    this.#keptMs = retentionDays * dayMs
  }

  add(task: SimulatedTask): void {
    this.#tasks.set(task.guid, task)
    this.#numbers.set(task.guid, this.#numbers.size + 1)
  }

  /** What is here of it; undefined once it is pruned. */
  get(guid: string): SimulatedTask | undefined {
    return this.#tasks.get(guid)
  }

  /** It ends now, whatever its course was. */
  end(guid: string, nowMs: number, state: TaskCourse['state'], failureReason: string | null = null): void {
    const task = this.#tasks.get(guid)
    if (task === undefined) throw new Error(`no task ${guid} to end`)
    const endsAfterMs = Math.max(0, nowMs - task.createdAtMs)
    const runsAfterMs = Math.min(task.course.runsAfterMs, endsAfterMs)
    this.#tasks.set(guid, { ...task, course: { runsAfterMs, endsAfterMs, state, failureReason } })
  }

  /** An odd Cloud Controller: from now on it shows these members of the task, whatever they are, instead of its own. */
  distort(guid: string, members: Readonly<Record<string, unknown>>): void {
    this.#odd.set(guid, members)
  }

  /** As when its app is deleted: nothing tells of it any more. */
  prune(guids: Iterable<string>): void {
    for (const guid of guids) {
      this.#tasks.delete(guid)
      this.#collections.remove('tasks', guid)
    }
  }

  /** A row came into the table. */
  met({ type, text, targetGuid, spaceGuid, createdAtUs, malformed }: CompleteRow): void {
    if (type !== createType || malformed) return
    const { data } = JSON.parse(text) as {
      data?: { task_guid?: unknown; request?: { name?: string } } | null
    }
    const guid = data?.task_guid
    if (typeof guid !== 'string' || this.#tasks.has(guid)) return
    const name = data?.request?.name ?? 'task'
    const chance = Number.parseInt(guid.slice(0, 8), 16) || 0
    this.add({
      guid,
      appGuid: targetGuid,
      spaceGuid,
      name,
      command: commands[chance % commands.length] ?? '',
      createdAtMs: createdAtUs / 1000,
      course: courseOf(chance, name),
    })
  }

  /**
   * Those that an identity sees, of these or of all. A command is shown one task at a time (`isShow`), to `admin`,
   * `admin_read_only` and those with a role in the space, which counts as its developer's here.
   */
  seenBy({ identity, memberships, nowMs, apiUrl, guids, isShow }: TasksRequest): readonly Resource[] {
    const isGlobal = readers.some(scope => identity.scopes.has(scope))
    if (!isGlobal && !identity.scopes.has('cloud_controller.read')) throw errors.notAuthorized()
    const spaces = new Set(memberships?.spaces)
    const seesCommands = isShow && !identity.scopes.has('cloud_controller.global_auditor')
    return [...this.#placed(guids, nowMs, apiUrl)]
      .filter(({ spaceGuid }) => isGlobal || (spaceGuid !== null && spaces.has(spaceGuid)))
      .map(({ resource }) => {
        const { command, ...rest } = resource
        return seesCommands ? resource : rest
      })
  }

  *#placed(guids: readonly string[] | null, nowMs: number, apiUrl: string): Generator<Placed> {
    const recorded = new Map(this.#collections.all('tasks').map(task => [task.guid, task]))
    for (const [guid, resource] of recorded)
      if (guids === null || guids.includes(guid ?? '')) yield this.#place(resource)
    const own = guids?.map(guid => this.#tasks.get(guid)) ?? this.#tasks.values()
    for (const task of own)
      if (task !== undefined && !recorded.has(task.guid) && !this.#isPruned(task, nowMs))
        yield this.#present(task, nowMs, apiUrl)
  }

  #place(resource: Resource): Placed {
    const appGuid = relatedGuid(resource, 'app')
    const app = this.#collections.all('apps').find(({ guid }) => guid === appGuid)
    return { resource, spaceGuid: app === undefined ? null : relatedGuid(app, 'space') }
  }

  #isPruned({ createdAtMs, course }: SimulatedTask, nowMs: number): boolean {
    return createdAtMs + course.endsAfterMs < nowMs - this.#keptMs
  }

  #present(task: SimulatedTask, nowMs: number, apiUrl: string): Placed {
    const { guid, appGuid, name, command, createdAtMs, course, spaceGuid } = task
    const { state, changedAtMs } = stateOf(task, nowMs)
    const link = (path: string) => ({ href: `${apiUrl}/v3/${path}` })
    const resource = {
      guid,
      created_at: wholeSecond(createdAtMs * 1000),
      updated_at: wholeSecond(changedAtMs * 1000),
      sequence_id: this.#numbers.get(guid) ?? 0,
      name,
      command,
      user: 'vcap',
      state,
      memory_in_mb: 1024,
      disk_in_mb: 1024,
      log_rate_limit_in_bytes_per_second: 1048576,
      result: { failure_reason: state === 'FAILED' ? course.failureReason : null },
      droplet_guid: appGuid,
      relationships: { app: { data: { guid: appGuid } } },
      metadata: { labels: {}, annotations: {} },
      links: {
        self: link(`tasks/${guid}`),
        app: link(`apps/${appGuid}`),
        cancel: { ...link(`tasks/${guid}/actions/cancel`), method: 'POST' },
        droplet: link(`droplets/${appGuid}`),
      },
      ...this.#odd.get(guid),
    }
    return { resource, spaceGuid }
  }
}

export interface TasksRequest {
  readonly identity: Identity
  readonly memberships: Memberships | undefined
  readonly nowMs: number
  readonly apiUrl: string
  /** Null: all. */
  readonly guids: readonly string[] | null
  readonly isShow: boolean
}

interface Placed {
  readonly resource: Resource
  readonly spaceGuid: string | null
}

function stateOf({ createdAtMs, course }: SimulatedTask, nowMs: number) {
  const ageMs = nowMs - createdAtMs
  if (ageMs >= course.endsAfterMs)
    return { state: course.state, changedAtMs: createdAtMs + course.endsAfterMs }
  if (ageMs < course.runsAfterMs) return { state: 'PENDING', changedAtMs: createdAtMs }
  return { state: 'RUNNING', changedAtMs: createdAtMs + course.runsAfterMs }
}

function courseOf(chance: number, name: string): TaskCourse {
  const endsAfterMs = 2_000 + (chance % 60) * 1_000
  if (chance % 8 > 0) return { runsAfterMs: 1_000, endsAfterMs, state: 'SUCCEEDED', failureReason: null }
  const failureReason = `APP/TASK/${name}: Exited with status ${1 + (chance % 6)}`
  return { runsAfterMs: 1_000, endsAfterMs, state: 'FAILED', failureReason }
}

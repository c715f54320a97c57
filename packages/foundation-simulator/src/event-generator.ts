import type { Random } from '@cf-audit-drain/pipeline'
import { type EventTemplate, eventTemplate, fill } from './event-template.ts'
import { randomGuid } from './random-guid.ts'
import { recordedEvents } from './recordings.ts'
import { type SimulatedRow, wholeSecond } from './simulated-row.ts'
import { makeWorld, type Named, pick, type Space, type World } from './world.ts'

export interface HistoryPlan {
  readonly count: number
  /** Milliseconds; the span is half-open. */
  readonly fromMs: number
  readonly toMs: number
}

/** How much more often than in the recordings, where every type was tried about as often. */
const frequencies: readonly (readonly [RegExp, number])[] = [
  [/^audit\.app\.ssh-unauthorized$/, 0.2],
  [/^audit\.app\.(start|stop|restart|update|process\.scale|map-route)$/, 8],
  [/^audit\.app\.(environment|ssh-authorized|task)/, 3],
  [/^audit\.service_(binding|key|instance)/, 2],
  [/^audit\.(organization|space)_quota/, 0.2],
  [/^audit\.(stack|buildpack|service_broker|service_plan|service)\./, 0.1],
  [/^audit\.(space|organization)\.delete/, 0.2],
]
const push = [
  'audit.app.apply_manifest',
  'audit.app.package.create',
  'audit.app.package.upload',
  'audit.app.build.create',
  'audit.app.droplet.create',
  'audit.app.build.staged',
  'audit.app.droplet.mapped',
  'audit.app.deployment.create',
]
const crash = ['audit.app.process.crash', 'app.crash']
const hourMs = 3_600_000

interface Step {
  readonly createdAtUs: number
  readonly template: EventTemplate
  readonly actor: Named
  readonly space: Space
  readonly app: Named
}

/** Makes events of a foundation at work: people push, apps crash, at night less than by day. */
export class EventGenerator {
  readonly #random: Random
  readonly #apiUrl: string
  /** Who acts on what in the events made here. */
  readonly world: World
  readonly #byType: ReadonlyMap<string, readonly EventTemplate[]>
  readonly #singles: readonly EventTemplate[]

  constructor(random: Random, apiUrl: string) {
    this.#random = random
    this.#apiUrl = apiUrl
    this.world = makeWorld(random)
    this.#byType = Map.groupBy(recordedEvents().map(eventTemplate), ({ type }) => type)
    this.#singles = [...this.#byType].flatMap(([type, templates]) => {
      const frequency = frequencies.find(([pattern]) => pattern.test(type))?.[1] ?? 1
      return Array.from({ length: Math.max(1, Math.round(frequency * 50)) }, (_, at) => {
        return templates[at % templates.length] as EventTemplate
      })
    })
  }

  /** Exactly `count` rows, oldest first. */
  *history({ count, fromMs, toMs }: HistoryPlan): Generator<SimulatedRow> {
    const hours = Math.max(1, Math.ceil((toMs - fromMs) / hourMs))
    const weights = Array.from({ length: hours }, (_, hour) => activity(fromMs + hour * hourMs))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    let [weight, made] = [0, 0]
    for (let hour = 0; hour < hours; hour++) {
      weight += weights[hour] ?? 0
      const due = hour === hours - 1 ? count : Math.floor((count * weight) / total)
      const start = fromMs + hour * hourMs
      yield* this.#within(start, Math.min(toMs, start + hourMs), due - made)
      made = due
    }
  }

  /** What one person or app does now: one to eight rows. */
  activityAt(nowMs: number): SimulatedRow[] {
    return this.#activity(nowMs * 1000, nowMs * 1000 + 1).map(step => this.#row(step))
  }

  /** One row of this type now. Throws when none was recorded. */
  rowOf(type: string, nowMs: number): SimulatedRow {
    const templates = this.#byType.get(type)
    if (!templates) throw new Error(`no event of the type ${type} was recorded`)
    const template = pick(templates, this.#random)
    return this.#row({ ...this.#someone(), template, createdAtUs: nowMs * 1000 })
  }

  #within(startMs: number, endMs: number, count: number): SimulatedRow[] {
    const steps: Step[] = []
    while (steps.length < count) {
      const at = startMs * 1000 + Math.floor(this.#random() * (endMs - startMs) * 1000)
      steps.push(...this.#activity(at, endMs * 1000))
    }
    steps.length = Math.max(0, count)
    return steps.sort((a, b) => a.createdAtUs - b.createdAtUs).map(step => this.#row(step))
  }

  #activity(startUs: number, endUs: number): Step[] {
    const chance = this.#random()
    const doing = this.#someone()
    let createdAtUs = startUs
    return this.#templates(chance).map(template => {
      const step = { ...doing, template, createdAtUs: Math.min(createdAtUs, endUs - 1) }
      createdAtUs += chance < 0.1 ? 700 : Math.floor(this.#random() * 4_000_000)
      return step
    })
  }

  /** Who does it, and to what. */
  #someone(): Pick<Step, 'actor' | 'space' | 'app'> {
    const space = pick(this.world.spaces, this.#random)
    return { actor: pick(this.world.users, this.#random), space, app: pick(space.apps, this.#random) }
  }

  #templates(chance: number): readonly EventTemplate[] {
    if (chance < 0.16) {
      const types = chance < 0.1 ? crash : push
      return types
        .map(type => this.#byType.get(type))
        .filter(templates => templates !== undefined)
        .map(templates => pick(templates, this.#random))
    }
    return [this.#singles[Math.floor(this.#random() * this.#singles.length)] as EventTemplate]
  }

  #row({ createdAtUs, template, actor, space, app }: Step): SimulatedRow {
    const guid = randomGuid(this.#random)
    const { organization } = space
    const target = this.#target(template, space, app)
    const text = fill(template, {
      guid,
      time: wholeSecond(createdAtUs),
      api: this.#apiUrl,
      task: guid.replace(/^(.{8})(.*)(.{8})$/, '$3$2$1'),
      space: space.guid,
      org: organization.guid,
      actorGuid: actor.guid,
      actorName: `"type":"user","name":"${actor.name}"`,
      targetGuid: target.guid,
      targetName: `"name":"${target.name}"`,
    })
    return {
      guid,
      type: template.type,
      target: { ...target, type: template.targetType },
      spaceGuid: template.hasSpace ? space.guid : null,
      organizationGuid: template.hasOrganization ? organization.guid : null,
      createdAtUs,
      text,
    }
  }

  #target({ targetType }: EventTemplate, space: Space, app: Named): Named {
    if (targetType === 'app') return app
    if (targetType === 'user') return pick(this.world.users, this.#random)
    if (targetType === 'space') return space
    if (targetType === 'organization') return space.organization
    return { guid: randomGuid(this.#random), name: `${app.name}-${targetType}` }
  }
}

/** How lively the hour is: office hours in UTC, quiet nights and weekends, never nothing. */
function activity(atMs: number): number {
  const at = new Date(atMs)
  const hour = at.getUTCHours()
  const day = hour >= 8 && hour < 18 ? 1 : hour >= 6 && hour < 22 ? 0.4 : 0.12
  return at.getUTCDay() % 6 === 0 ? day * 0.3 : day
}

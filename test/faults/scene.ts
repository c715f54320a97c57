import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Random, seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { Allowances } from './allowances.ts'
import { mounted } from './child.ts'
import { Drain } from './drain.ts'
import { HostileReceiver } from './hostile-receiver.ts'
import type { KafkaClusters } from './kafka/kafka-clusters.ts'
import { KafkaDrain } from './kafka/kafka-drain.ts'
import type { Kind, OwnKafka, SceneDraft, SceneOptions } from './kind.ts'
import { Rsyslog } from './rsyslog.ts'
import type { RunOptions } from './run-options.ts'
import { Simulator } from './simulator.ts'
import type { Subject } from './subject.ts'
import { Traffic } from './traffic.ts'

const hourMs = 3_600_000

/** Everything of one run: the foundation, the drain, the receiver, each a process, and a folder of what they wrote. */
export class Scene implements SceneDraft {
  readonly seed: number
  readonly folder: string
  readonly clock = systemClock
  readonly random: Random
  readonly options: SceneOptions
  /** What a run wants to say beside its figures. */
  readonly notes: string[] = []
  readonly allowances = new Allowances()
  /** Faults that could last for minutes last for seconds. */
  readonly isQuick: boolean
  /** For how long all brokers are down, when that was asked for. */
  readonly outageMs: number | null
  #simulator: Simulator | null = null
  #traffic: Traffic | null = null
  #drain: Drain | null = null
  #kafka: KafkaDrain | null = null
  #hostile: HostileReceiver | null = null
  #rsyslog: Rsyslog | null = null
  #disk: string | null = null
  #ownKafka: OwnKafka | null = null
  readonly #closers: (() => void)[] = []

  constructor(kind: Kind, seed: number, { isQuick = false, outageMs = null }: RunOptions = {}) {
    this.seed = seed
    this.isQuick = isQuick
    this.outageMs = outageMs
    this.random = seededRandom(seed * 7919 + kind.name.length * 104_729 + (kind.name.codePointAt(0) ?? 0))
    this.folder = mkdtempSync(join(tmpdir(), `cf-audit-drain-faults-${kind.name}-${seed}-`))
    this.options = kind.options?.(this) ?? {}
  }

  /** A whole number, both ends included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1))
  }

  pick<T>(...of: readonly [T, ...T[]]): T {
    return of[Math.floor(this.random() * of.length)] ?? of[0]
  }

  get simulator(): Simulator {
    return there(this.#simulator)
  }

  get traffic(): Traffic {
    return there(this.#traffic)
  }

  get drain(): Drain {
    return there(this.#drain)
  }

  get kafka(): KafkaDrain {
    return there(this.#kafka)
  }

  get subject(): Subject {
    return this.#kafka ?? this.drain
  }

  get receiver(): HostileReceiver {
    return there(this.#hostile)
  }

  get rsyslog(): Rsyslog {
    return there(this.#rsyslog)
  }

  get disk(): string {
    return there(this.#disk)
  }

  get foundations(): readonly { readonly name: string; readonly pollInterval: string }[] {
    return this.options.foundations ?? [{ name: 'eu1', pollInterval: '1s' }]
  }

  get received(): { readonly file: string; readonly kind: 'frames' | 'lines' } {
    if (this.#rsyslog) return { file: this.#rsyslog.linesFile, kind: 'lines' }
    return { file: this.receiver.framesFile, kind: 'frames' }
  }

  /** How much the receiver has written down. */
  receivedBytes(): number {
    return statSync(this.received.file, { throwIfNoEntry: false })?.size ?? 0
  }

  async open(kind: Kind, clusters: KafkaClusters): Promise<void> {
    const history = ['--events', String(this.between(300, 1_200)), '--days', String(this.between(1, 6))]
    const asked = kind.simulator?.(this) ?? []
    this.#simulator = await Simulator.start(this.folder, ['--seed', String(this.seed), ...history, ...asked])
    if (this.options.receiver === 'rsyslog') {
      this.#rsyslog = new Rsyslog(this.folder)
      await this.#rsyslog.start()
    } else {
      this.#hostile = new HostileReceiver(this.folder)
      await this.#hostile.start()
    }
    if (kind.kafka) await this.#openKafka(kind, clusters)
    else this.#openDrain()
    this.#traffic = new Traffic(this.simulator, this.options.liveEventsPerSecond ?? 40)
  }

  #openDrain(): void {
    const logDir = join(this.folder, this.options.smallDisk ? 'disk' : 'data')
    if (this.options.smallDisk) this.#mount(logDir)
    this.#drain = new Drain(this.folder, this.#config({ dir: logDir }), logDir)
  }

  async #openKafka(kind: Kind, clusters: KafkaClusters): Promise<void> {
    const { pollers = 1, sinks = 1, sinkEnv = {} } = this.options
    this.#ownKafka = (await kind.ownKafka?.(this)) ?? null
    const cluster = this.#ownKafka?.cluster ?? (await clusters.get())
    const prefix = basename(this.folder)
      .replaceAll(/[^A-Za-z0-9._-]/g, '-')
      .slice(-60)
    const { brokers } = cluster
    const kafka = {
      brokers,
      prefix,
      createTopics: true,
      replicationFactor: brokers.length,
      sessionTimeout: '6s',
      ...this.#ownKafka?.config,
    }
    const foundations = this.foundations.map(({ name }) => name)
    const options = { folder: this.folder, config: this.#config({ kafka }), prefix, foundations }
    this.#kafka = new KafkaDrain(cluster, { ...options, pollers, sinks, sinkEnv })
  }

  /** Rests for so long while the fault lasts. */
  async lasts(ms: number): Promise<void> {
    await this.clock.sleep(ms)
  }

  onClose(closer: () => void): void {
    this.#closers.push(closer)
  }

  async close(keepFolder: boolean): Promise<void> {
    await this.#traffic?.stop().catch(() => {})
    await Promise.all([this.#drain?.abandon(), this.#kafka?.abandon()])
    await Promise.all([this.#hostile?.stop(), this.#rsyslog?.stop(), this.#simulator?.stop()])
    await this.#ownKafka?.close()
    for (const closer of this.#closers) closer()
    if (this.#disk) {
      spawnSync('umount', ['-l', this.#disk])
      mounted.delete(this.#disk)
    }
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true })
  }

  #mount(folder: string): void {
    mkdirSync(folder)
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24M', 'tmpfs', folder])
    if (status !== 0) throw new Error(`mount: ${stderr}`)
    mounted.add(folder)
    this.#disk = folder
  }

  #config(log: object): object {
    const { api, clientId, clientSecret } = this.simulator.addresses
    const port = this.#rsyslog?.port ?? this.receiver.port
    const format = this.seed % 2 === 0 ? 'cef' : 'json'
    return {
      foundations: this.foundations.map(({ name, pollInterval }) => ({
        name,
        api,
        clientId,
        clientSecret,
        pollInterval,
        requestTimeout: this.options.requestTimeout ?? '60s',
        overlap: this.options.overlap ?? '10s',
        ...(this.options.verifyInterval ? { verifyInterval: this.options.verifyInterval } : {}),
        sweeps: [
          { every: '1s', over: '1h', compare: 'count' },
          { every: '2s', over: '5h', compare: 'guids' },
        ],
      })),
      sinks: [
        {
          name: 'siem',
          url: `syslog://127.0.0.1:${port}`,
          format,
          confirmTimeout: this.options.confirmTimeout ?? '2s',
        },
      ],
      log,
      http: { address: '127.0.0.1:0' },
      logging: { level: 'debug' },
      shutdownTimeout: '20s',
    }
  }

  /** A moment up to four hours ago, in the foundation's clock. */
  hoursAgoUs(hours: number): number {
    return (this.clock.now() + this.traffic.skewMs - hours * hourMs) * 1000 + this.between(0, 999)
  }
}

function there<T>(part: T | null): T {
  if (part === null) throw new Error('this run has no such part')
  return part
}

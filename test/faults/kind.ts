import type { KafkaCluster } from '@cf-audit-drain/kafka-broker'
import type { Scene } from './scene.ts'

/** One way in which the world goes wrong. */
export interface Kind {
  /** For `--kind`. */
  readonly name: string
  /** For the table. */
  readonly title: string
  /** Further arguments of the simulator: its history, its limits. */
  readonly simulator?: (scene: SceneDraft) => readonly string[]
  readonly options?: (scene: SceneDraft) => SceneOptions
  /** On a log on Kafka, with poller and sink as processes of their own. `harmful`: nothing else may use its brokers meanwhile. */
  readonly kafka?: 'harmless' | 'harmful'
  /** Where the brokers that the kinds share are not what is needed: some of this run's own. */
  readonly ownKafka?: (scene: Scene) => Promise<OwnKafka>
  /** Before the drain is started for the first time. */
  readonly before?: (scene: Scene) => Promise<void>
  /** The fault, while the drain runs. Throws when the fault did not strike: then nothing was proven. */
  readonly play: (scene: Scene) => Promise<void>
  /** Null, or why it cannot be run here and what would be needed. */
  readonly missing?: () => string | null
}

export interface OwnKafka {
  readonly cluster: KafkaCluster
  /** How the drain finds it and is let in: settings below `log.kafka`. */
  readonly config: object
  close(): Promise<void>
}

export interface SceneDraft {
  readonly seed: number
  between(min: number, max: number): number
  pick<T>(...of: readonly [T, ...T[]]): T
}

export interface SceneOptions {
  readonly foundations?: readonly { readonly name: string; readonly pollInterval: string }[]
  readonly overlap?: string
  readonly confirmTimeout?: string
  /** Of the requests to Cloud Controller and UAA. */
  readonly requestTimeout?: string
  readonly liveEventsPerSecond?: number
  /** Between two comparisons of the whole ledger. */
  readonly verifyInterval?: string
  readonly receiver?: 'hostile' | 'rsyslog'
  /** A small disk of its own for the log. */
  readonly smallDisk?: boolean
  readonly shutdownTimeout?: string
  /** On Kafka: how many processes of each, 1 unless said. */
  readonly pollers?: number
  readonly sinks?: number
  readonly sinkEnv?: Readonly<Record<string, string>>
}

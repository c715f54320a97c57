/** A running Kafka, and what may be done to it. */
export interface KafkaCluster {
  /** `host:port` of every broker, for clients. They stay the same when a broker is killed and started again. */
  readonly brokers: readonly string[]
  /** `host:port` of the listener SECURED, of every broker; empty unless `secured` was asked for. */
  readonly secured: readonly string[]
  /** Whether its processes are ours to stop and kill; false for one that KAFKA_BROKERS names. */
  readonly isOurs: boolean
  /** The broker at this place of `brokers`. Throws when the cluster is not ours, or has no such broker. */
  broker(index: number): KafkaBroker
  /**
   * Ends every broker with SIGTERM, and with SIGKILL when that was not enough: after 10 s if the folder was named in the
   * options, else after 1.5 s, and then the folder is removed. Does nothing to a cluster that is not ours. May be called again.
   */
  stop(): Promise<void>
}

/** One broker, which is a controller too: one JVM, of this machine or in a container of its own. */
export interface KafkaBroker {
  /** Of the JVM itself, as the machine counts that it runs on; null when it does not run. One in Docker that ends by itself is not noticed. */
  readonly pid: number | null
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGTERM, and SIGKILL when that was not enough within `patienceMs` (default 10,000); resolves when the process is gone. */
  stop(patienceMs?: number): Promise<void>
  /**
   * Starts it again on the same data and the same ports. Resolves when it answers clients and the cluster counts on it.
   * That takes a majority of the brokers: those of three that are all down have to be started together. A broker that
   * was killed is taken back once its session has ended (3 s). Throws what its log says last when it does not come up.
   */
  start(): Promise<void>
  /** Stops it in its tracks (SIGSTOP): connections stay open and nobody answers. */
  pause(): Promise<void>
  /** Lets it go on (SIGCONT). */
  resume(): Promise<void>
}

/** Lines of server.properties. */
export type Properties = Readonly<Record<string, string>>

export interface KafkaOptions {
  /** Default 1. */
  readonly brokers?: 1 | 3
  /** Lines of server.properties, over those of `server-properties.ts`. */
  readonly properties?: Properties | ((nodeId: number) => Properties)
  /** Of the JVM: `-Dname=value`. Never in Docker. */
  readonly jvmFlags?: readonly string[]
  /** Where the data, the properties and the logs of the JVMs go; it is kept. Default: a fresh one, removed by `stop`. Never in Docker. */
  readonly folder?: string
  /** The ports clients connect to, one per broker. Default: free ones. */
  readonly ports?: readonly number[]
  /** A listener beside the open one, of the name SECURED. Never in Docker. */
  readonly secured?: SecuredListener | SecuredProtocol
  /** Gives up starting, and ends what was started. */
  readonly signal?: AbortSignal
}

/** A listener that is told all the rest by `listener.name.secured.…` in `properties`. No authorizer comes with it. */
export type SecuredProtocol = 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'

/**
 * A listener with a login, and an authorizer that refuses its users whatever no ACL allows. Who comes by the open
 * listener may do everything.
 */
export interface SecuredListener {
  /** Name and password, for PLAIN and SCRAM-SHA-512. With a folder that has data SCRAM keeps those it was made with. */
  readonly users: Readonly<Record<string, string>>
  /** Private key (PKCS 8) and certificate, one after the other: the listener then speaks TLS. */
  readonly pemFile?: string
  /** One per broker. Default: free ones. */
  readonly ports?: readonly number[]
}

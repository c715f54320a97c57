import { type EncodedBytes, Encoder } from './kafkajs-internals.ts'
import { fromKafkajs } from './pinned-kafkajs.ts'

/** Of kafkajs/src/protocol/requests/metadata: with how many fields it is written depends on its version. */
interface MetadataRequest {
  readonly request: { readonly apiVersion: number; encode(): Promise<EncodedBytes> }
}

/** Of kafkajs/src/broker/index.js. */
interface MetadataBroker {
  readonly lookupRequest: (
    apiKey: number,
    requests: unknown,
  ) => (wanted: { readonly topics: readonly string[] }) => MetadataRequest
  readonly connectionPool: { send(protocol: MetadataRequest): Promise<unknown> }
  metadata(this: MetadataBroker, topics?: readonly string[]): Promise<unknown>
}

/** Of kafkajs/src/cluster/brokerPool.js. */
interface MetadataPool {
  refreshMetadata(this: MetadataPool, topics: readonly string[]): Promise<unknown>
}

const { Metadata: metadataKey } = fromKafkajs('src/protocol/requests/apiKeys.js') as {
  readonly Metadata: number
}
const { requests } = fromKafkajs('src/protocol/requests/index.js') as {
  readonly requests: { readonly Metadata: unknown }
}
const Broker = fromKafkajs('src/broker/index.js') as { readonly prototype: MetadataBroker }
const BrokerPool = fromKafkajs('src/cluster/brokerPool.js') as { readonly prototype: MetadataPool }

/** Told from an empty list by what it is, not by what it holds. */
const noTopics: readonly string[] = Object.freeze([])
/** From this version on a request says whether topics may be made for it. */
const autoCreationVersion = 4

function brokersOnly({ apiVersion }: MetadataRequest['request']): EncodedBytes {
  const none = new Encoder().writeArray([])
  return apiVersion < autoCreationVersion ? none : none.writeBoolean(false)
}

/**
 * A client of kafkajs that has been told of no topic asks for the metadata of all topics of the cluster whenever it
 * looks for the brokers or for a coordinator, and fails, after 15 s of trying again, when any of them has no leader:
 * somebody else's, too. Here it asks for the brokers alone. `cluster.metadata()`, which is asked for the list of
 * topics, is left as it is.
 */
function guardMetadata(): void {
  const { metadata } = Broker.prototype
  const { refreshMetadata } = BrokerPool.prototype
  if (typeof metadata !== 'function' || typeof refreshMetadata !== 'function')
    throw new Error('kafkajs: it asks for no metadata: reinstall it, it is not the original')
  Broker.prototype.metadata = function (this: MetadataBroker, topics) {
    if (topics !== noTopics) return metadata.call(this, topics)
    const asked = this.lookupRequest(metadataKey, requests.Metadata)({ topics })
    return this.connectionPool.send({
      ...asked,
      request: { ...asked.request, encode: async () => brokersOnly(asked.request) },
    })
  }
  BrokerPool.prototype.refreshMetadata = function (this: MetadataPool, topics) {
    return refreshMetadata.call(this, topics.length === 0 ? noTopics : topics)
  }
}

guardMetadata()

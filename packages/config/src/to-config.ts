import { foundationNameFromApi } from './api-url.ts'
import type { FileSecrets } from './check-relations.ts'
import type { Config, FoundationConfig, SinkConfig } from './config.ts'
import type { ConfigDocument, FoundationDocument, SinkDocument } from './schema.ts'

/** From a document without a fault to what the program works with. */
export function toConfig(document: ConfigDocument, secrets: FileSecrets): Config {
  const { retention } = document.log
  return {
    foundations: document.foundations.map((each, i) => toFoundation(each, i, secrets)),
    sinks: document.sinks.map(toSink),
    log: {
      dir: document.log.dir,
      retention: { maxAgeMs: retention.maxAge ?? null, maxBytes: retention.maxSize ?? null },
    },
    scrub: {
      key: secrets.get('scrub.keyFile') ?? document.scrub.key ?? null,
      keyFile: document.scrub.keyFile ?? null,
    },
    http: document.http.address,
    logging: document.logging,
    shutdownTimeoutMs: document.shutdownTimeout,
  }
}

function toFoundation(document: FoundationDocument, index: number, secrets: FileSecrets): FoundationConfig {
  const clientSecret = secrets.get(`foundations[${index}].clientSecretFile`) ?? document.clientSecret
  if (clientSecret === undefined)
    throw new Error(`foundations[${index}] has no secret: checkRelations must say so`)
  return {
    name: document.name ?? foundationNameFromApi(document.api),
    api: document.api,
    clientId: document.clientId,
    clientSecret,
    clientSecretFile: document.clientSecretFile ?? null,
    caFile: document.caFile ?? null,
    insecure: document.insecure,
    requestTimeoutMs: document.requestTimeout,
    startFrom: document.startFrom,
    pollIntervalMs: document.pollInterval,
    overlapMs: document.overlap,
    sweeps: document.sweeps.map(({ every, over, compare }) => ({ everyMs: every, overMs: over, compare })),
    strict: document.strict,
  }
}

function toSink(document: SinkDocument): SinkConfig {
  const { transport, host, port } = document.url
  const { tls } = document
  return {
    name: document.name,
    url: `${transport === 'tls' ? 'syslog-tls' : 'syslog'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    host,
    port,
    format: document.format,
    framing: document.framing,
    tls:
      transport === 'tcp'
        ? null
        : {
            caFile: tls.caFile ?? null,
            certFile: tls.certFile ?? null,
            keyFile: tls.keyFile ?? null,
            serverName: tls.serverName ?? null,
            minVersion: tls.minVersion,
          },
    maxMessageBytes: document.maxMessageBytes,
    facility: document.facility,
    confirmTimeoutMs: document.confirmTimeout,
    cef: document.cef,
  }
}

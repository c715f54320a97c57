/** What OpenSSL and Node say of a TLS connection that failed, and what to do then. */
const remedies: readonly (readonly [says: RegExp, remedy: string])[] = [
  [
    /alert (?:bad certificate|certificate required|unknown ca|certificate unknown|certificate expired|handshake failure)/i,
    'the broker does not take the certificate of this client, or wants one: check log.kafka.tls.certFile and keyFile',
  ],
  [
    /unable to (?:verify|get)|self[- ]signed/i,
    'set log.kafka.tls.caFile to the CA that signed the certificate of the brokers',
  ],
  [/altnames/i, 'set log.kafka.tls.serverName to a name that the certificate holds'],
  [
    /certificate has expired|not yet valid/i,
    'the certificate of the broker has to be renewed, or a clock is wrong (log.kafka.tls)',
  ],
  [
    /wrong version number|packet length too long/i,
    'the broker does not speak TLS on that port: check log.kafka.tls and the port',
  ],
]

/** `; …` to be put behind the message of a failed connection; empty for one that has nothing to do with TLS. */
export function tlsRemedy(message: string): string {
  const remedy = remedies.find(([says]) => says.test(message))?.[1]
  return remedy === undefined ? '' : `; ${remedy}`
}

import type { KafkaOptions, SecuredListener, SecuredProtocol } from './contract.ts'
import type { NodeAddress } from './server-properties.ts'

/** Lines of server.properties: the listener beside the open one, and what a listener with a login has of ours. */
export function securedProperties(
  node: NodeAddress,
  secured: SecuredListener | SecuredProtocol,
  open: { readonly listeners: string; readonly 'advertised.listeners': string },
): Readonly<Record<string, string>> {
  const listener = `SECURED://127.0.0.1:${node.securedPort}`
  const protocol = typeof secured === 'string' ? secured : protocolOf(secured)
  return {
    listeners: `${open.listeners},${listener}`,
    'advertised.listeners': `${open['advertised.listeners']},${listener}`,
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:${protocol}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    ...(typeof secured === 'string' ? {} : loginProperties(secured)),
  }
}

function protocolOf({ pemFile }: SecuredListener): SecuredProtocol {
  return pemFile === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL'
}

function loginProperties({ users, pemFile }: SecuredListener): Readonly<Record<string, string>> {
  const logins = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`)
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
    'listener.name.secured.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required${logins.join('')};`,
    'listener.name.secured.scram-sha-512.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'allow.everyone.if.no.acl.found': 'false',
    ...(pemFile === undefined
      ? {}
      : { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': pemFile, 'ssl.client.auth': 'none' }),
  }
}

/** Of `kafka-storage format`. */
export function scramArguments(secured: KafkaOptions['secured']): readonly string[] {
  return Object.entries(typeof secured === 'object' ? secured.users : {}).flatMap(([name, password]) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ])
}

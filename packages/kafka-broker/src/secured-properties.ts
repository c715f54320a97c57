import type { SecuredListener } from './contract.ts'
import type { NodeAddress } from './server-properties.ts'

/** Lines of server.properties: the listener with a login beside the open one, and the authorizer. */
export function securedProperties(
  node: NodeAddress,
  { users, pemFile }: SecuredListener,
  open: { readonly listeners: string; readonly 'advertised.listeners': string },
): Readonly<Record<string, string>> {
  const listener = `SECURED://127.0.0.1:${node.securedPort}`
  const logins = Object.entries(users).map(([name, password]) => ` user_${name}="${password}"`)
  return {
    listeners: `${open.listeners},${listener}`,
    'advertised.listeners': `${open['advertised.listeners']},${listener}`,
    'listener.security.protocol.map': `CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:${pemFile === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL'}`,
    'inter.broker.listener.name': 'PLAINTEXT',
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
export function scramArguments(secured: SecuredListener | undefined): readonly string[] {
  return Object.entries(secured?.users ?? {}).flatMap(([name, password]) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ])
}

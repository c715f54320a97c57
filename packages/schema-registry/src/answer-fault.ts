import {
  type Answer,
  AnswerTooLargeError,
  CloudFoundryError,
  parsedObject,
  type Redaction,
} from '@cf-audit-drain/cloud-foundry'
import { RegistryError } from './registry-error.ts'

interface Asked {
  /** "schema registry at https://host" */
  readonly where: string
  readonly login: 'none' | 'password' | 'token'
  readonly redaction: Redaction
}

const advice =
  'log.kafka.schemaRegistry.url must be the root of an API as Confluent has it; at Apicurio it ends in /apis/ccompat/v7'

const loginAdvice = {
  none: 'give log.kafka.schemaRegistry a username and passwordFile, or a tokenFile',
  password: 'correct username and password of log.kafka.schemaRegistry, and the rights of that user',
  token: 'correct the token of log.kafka.schemaRegistry, and its rights',
}

/** What an answer other than 200 means. */
export function answerFault(answer: Answer, { where, login, redaction }: Asked): RegistryError {
  const { status, headers } = answer
  const told = registryMessage(answer.text)
  const said = told === null ? '' : `: ${redaction.line(told)}`
  if (status === 401 || status === 403)
    return new RegistryError(
      'refused',
      `${where} refuses the login (${status}${said}): ${loginAdvice[login]}`,
    )
  if (status === 409 || status === 422)
    return new RegistryError('rejected', `${where} does not take the schema (${status}${said})`)
  if (status === 429 || status >= 500)
    return new RegistryError(
      'unreachable',
      `${where} answered ${status}${said}; nothing is wrong with the request, look at the log of the registry`,
      true,
    )
  if (status >= 300 && status < 400)
    return new RegistryError(
      'not-a-registry',
      `${where} redirects (${status}), which is not followed: ${advice}`,
    )
  return notARegistry(where, `it answered ${status} with ${contentType(headers.get('content-type'))}${said}`)
}

export function notARegistry(where: string, what: string): RegistryError {
  return new RegistryError('not-a-registry', `${where} is no schema registry: ${what}; ${advice}`)
}

/** What a failure below HTTP means. Whatever is not of the transport is thrown on. */
export function transportFault(error: unknown, where: string, timeoutMs: number): RegistryError {
  if (!(error instanceof CloudFoundryError)) throw error
  if (error instanceof AnswerTooLargeError) return notARegistry(where, 'its answer is longer than any schema')
  const sentence =
    error.code === 'TIMEOUT'
      ? `${where} gave no whole answer within ${timeoutMs} ms: is it overloaded, or does a firewall drop the connection?`
      : error.message
  return new RegistryError('unreachable', sentence, error.retryable && error.code !== 'TIMEOUT')
}

/** What a registry says is not there, by its own code. Anything else that answers 404 is no registry. */
export function isNotThere(answer: Answer): boolean {
  return (
    answer.status === 404 &&
    [40401, 40402, 40403, 40408].includes(Number(parsedObject(answer.text)?.['error_code']))
  )
}

function registryMessage(text: string): string | null {
  const message = parsedObject(text)?.['message']
  return typeof message === 'string' ? message : null
}

function contentType(header: string | undefined): string {
  return header?.split(';')[0]?.trim().slice(0, 60) || 'no content type'
}

import { fromKafkajs } from './pinned-kafkajs.ts'

/** Of kafkajs/src/network/connection.js: one connection, and how long its login counts. */
export interface AuthenticatedConnection {
  /** Of process.hrtime; null before the first login. */
  readonly authenticatedAt: [seconds: number, nanoseconds: number] | null
  /** Milliseconds, as the broker said them; 0 for ever. */
  readonly sessionLifetime: { toNumber(): number }
  readonly reauthenticationThreshold: number
}

/**
 * Before each request kafkajs logs in anew when a session has less than 10 s left. Of a session of 10 s or less that is
 * every request, and brokers refuse a second login within a second: ILLEGAL_SASL_STATE, which ends the connection. Here
 * the login is renewed at half of a short session.
 */
export function isAuthenticated(this: AuthenticatedConnection): boolean {
  if (this.authenticatedAt === null) return false
  const [seconds, nanoseconds] = process.hrtime(this.authenticatedAt)
  const ageMs = seconds * 1000 + nanoseconds / 1e6
  return isGoodLogin(ageMs, this.sessionLifetime.toNumber(), this.reauthenticationThreshold)
}

/** `lifetimeMs` 0: it has no end. */
export function isGoodLogin(ageMs: number, lifetimeMs: number, renewBeforeMs: number): boolean {
  return lifetimeMs === 0 || ageMs + Math.min(renewBeforeMs, lifetimeMs / 2) < lifetimeMs
}

const { prototype } = fromKafkajs('src/network/connection.js') as {
  readonly prototype: { isAuthenticated(this: AuthenticatedConnection): boolean }
}
if (typeof prototype.isAuthenticated !== 'function')
  throw new Error('kafkajs: Connection has no isAuthenticated: reinstall it, it is not the original')
prototype.isAuthenticated = isAuthenticated

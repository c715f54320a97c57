import assert from 'node:assert/strict'
import { NotConnectedError } from '@cf-audit-drain/pipeline'
import { SyslogError, type SyslogFault } from '../syslog-error.ts'

/** For assert.rejects: a SyslogError of this fault that says these words. */
export function fault(expected: SyslogFault, words: RegExp = /./) {
  return (error: unknown): true => {
    assert.ok(error instanceof SyslogError, `a SyslogError and not ${error}`)
    assert.equal(error.fault, expected, error.message)
    assert.match(error.message, words)
    return true
  }
}

/** The same, found out before a byte of the batch was sent. */
export function notConnected(expected: SyslogFault, words?: RegExp) {
  return (error: unknown): true => {
    assert.ok(error instanceof NotConnectedError, `a NotConnectedError and not ${error}`)
    return fault(expected, words)(error.cause)
  }
}

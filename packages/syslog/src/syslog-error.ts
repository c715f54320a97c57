/**
 * Why a write was not confirmed.
 * - `config`: something of ours cannot be used (a TLS file, a combination of options).
 * - `unreachable`: no connection came about; nothing was sent.
 * - `tls`: the TLS handshake failed, or the receiver refused us by a TLS alert.
 * - `closed`: the receiver ended the connection before we did.
 * - `reset`: the connection broke.
 * - `timeout`: no progress for the time allowed.
 */
export type SyslogFault = 'config' | 'unreachable' | 'tls' | 'closed' | 'reset' | 'timeout'

export class SyslogError extends Error {
  override readonly name = 'SyslogError'
  readonly fault: SyslogFault

  constructor(fault: SyslogFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

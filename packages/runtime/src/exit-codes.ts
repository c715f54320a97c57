/** What the process says when it ends; documented in docs/reference/exit-codes.md, checked by a test. */
export const exitCodes = {
  /** Done, or stopped by a signal with everything in hand settled. */
  ok: 0,
  /** Failed while running, or could not settle its work before the shutdown deadline. */
  failed: 1,
  /** The configuration or the command line is wrong; nothing was connected. */
  configuration: 2,
  /** An end cannot be reached or refuses: UAA, Cloud Controller, a SIEM; or a right is missing under `strict`. */
  unreachable: 3,
  /** The log is damaged, from a newer version, held by another process, or moved to Kafka. */
  log: 4,
  /** Not everything is as it is wanted, and was left so: `topics plan`, `topics apply`, `ledger`. */
  different: 5,
  /** A second SIGINT, a second or more after the first: stopped at once, work in hand is done again at the next start. */
  interrupted: 130,
  /** A second SIGTERM, likewise. */
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

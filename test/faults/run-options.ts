export interface RunOptions {
  /** For the ends to agree after the fault is over. */
  readonly agreeWithinMs?: number
  readonly keepFolder?: boolean
  /** As `npm test` wants it: faults that could last for minutes last for seconds. */
  readonly isQuick?: boolean
  /** For how long all brokers are down, instead of what the seed says. */
  readonly outageMs?: number | null
}

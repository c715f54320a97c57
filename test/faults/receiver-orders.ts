/** What the hostile receiver is to do with connections from now on. */
export type ReceiverOrder =
  | { readonly do: 'take' }
  /** Not listening; what was open is reset. */
  | { readonly do: 'refuse' }
  /** Accepts, reads nothing, answers nothing; when it is over, what was open is reset. */
  | { readonly do: 'black-hole' }
  /** Accepts and reads nothing; when it is over it reads on. */
  | { readonly do: 'read-nothing' }
  /** Reads everything and never answers the FIN. */
  | { readonly do: 'never-close' }
  /** Reads so many bytes of a connection, then resets it. */
  | { readonly do: 'reset'; readonly afterBytes: number }
  /** Closes as soon as it has read one message, whatever lies behind it. */
  | { readonly do: 'close-each'; readonly how: 'fin' | 'reset' }
  /** Reads everything to the end of the sender, keeps it in memory only, and is killed before it has written it down. */
  | { readonly do: 'die-holding' }

/**
 * SIGKILL for a process at the `after`-th moment of its kind: `bytes` have been read and written down, the `fin` of the
 * sender was read and is not answered yet, or our own FIN has just been sent (`closed`).
 */
export interface KillPlan {
  readonly pid: number
  readonly at: 'bytes' | 'fin' | 'closed'
  after: number
}

export type ReceiverReport =
  | { readonly listening: number }
  | { readonly did: 'accept' | 'reset' | 'obey' }
  | { readonly killed: number; readonly at: KillPlan['at'] }

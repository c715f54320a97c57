/** What is known of a type of audit event. Severity, outcome and privilege are reasoned in the package's README. */
export interface EventType {
  /** As Cloud Controller writes it, e.g. `audit.app.create`. */
  readonly type: string
  /** `app`, `space`, `organization`, `user-role`, `service`, `route`, `ssh`, …; `unknown` for a type not known. */
  readonly category: string
  /** A plain English sentence with `{actor}` and `{target}` in it. */
  readonly description: string
  /** What was done, one verb: `create`, `delete`, `ssh-authorized`. At most 63 characters (CEF `act`). */
  readonly action: string
  /** 0 to 10, an integer: CEF's scale (0-3 low, 4-6 medium, 7-8 high, 9-10 very high). */
  readonly severity: number
  /** What an event of this type proves; `unknown` where it is written before the outcome is known, or its data says it (`outcomeOf`). */
  readonly outcome: 'success' | 'failure' | 'unknown'
  /** Changes who may do what, what runs on the whole platform, or opens secrets or a shell. */
  readonly privileged: boolean
  readonly known: boolean
  /** Written by the v2 API only, which is off by default since capi 1.201.0. */
  readonly v2Only: boolean
  /** The type that tells of the same occurrence, at greater length. */
  readonly duplicateOf?: string
}

/** Letters of the last column of the catalogue: P privileged, ? outcome unknown, F failure, 2 v2 only. */
export type Flags = '' | 'P' | '?' | 'F' | '2' | 'P?' | 'PF' | '2P' | '2?'

/** One line of the catalogue: type, action, severity, flags, sentence. */
export type Row = readonly [type: string, action: string, severity: number, flags: Flags, description: string]

/** Makes entries of the rows of one category. */
export function category(name: string, rows: readonly Row[]): EventType[] {
  return rows.map(([type, action, severity, flags, description]) => ({
    type,
    category: name,
    description,
    action,
    severity,
    outcome: flags.includes('?') ? 'unknown' : flags.includes('F') ? 'failure' : 'success',
    privileged: flags.includes('P'),
    known: true,
    v2Only: flags.includes('2'),
  }))
}

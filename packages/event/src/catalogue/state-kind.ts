/** What of Cloud Controller's state is read and compared; a difference is told as `cf-audit-drain.state.<kind>`. */
export const stateKinds = [
  'security-group',
  'feature-flag',
  'role',
  'environment-variable-group',
  'domain',
  'isolation-segment',
  'quota',
  'space-ssh',
  'app-ssh',
] as const

export type StateKind = (typeof stateKinds)[number]

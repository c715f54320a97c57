import type { StateKind } from '@cf-audit-drain/event'

/** Of these Cloud Controller writes audit events, if not of every change. */
export function isAudited(kind: StateKind): boolean {
  return kind === 'role' || kind === 'quota'
}

/** Of these only switching is told: that a space or an app was made or deleted is audited, and has a switch of its own. */
export function isSwitch(kind: StateKind): boolean {
  return kind === 'space-ssh' || kind === 'app-ssh'
}

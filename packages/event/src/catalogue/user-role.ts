import { category, type Row } from './event-type.ts'

/** Role as Cloud Controller names it, as people do, severity of granting it, and whether it lets one give roles or change a quota. */
const ROLES = [
  ['space_auditor', 'space auditor', 4, ''],
  ['space_supporter', 'space supporter', 5, 'P'],
  ['space_developer', 'space developer', 5, 'P'],
  ['space_manager', 'space manager', 6, 'P'],
  ['organization_user', 'organization user', 3, ''],
  ['organization_auditor', 'organization auditor', 4, ''],
  ['organization_billing_manager', 'organization billing manager', 4, ''],
  ['organization_manager', 'organization manager', 7, 'P'],
] as const

// `_add` is written before the role is inserted, so a refused grant leaves one too; `_remove` is not.
export const userRole = category(
  'user-role',
  ROLES.flatMap(([role, name, severity, privileged]): Row[] => [
    [
      `audit.user.${role}_add`,
      'grant-role',
      severity,
      privileged === 'P' ? 'P?' : '?',
      `{actor} asked to make {target} ${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`,
    ],
    [
      `audit.user.${role}_remove`,
      'revoke-role',
      Math.max(3, severity - 1),
      privileged,
      `{actor} took the role ${name} from {target}`,
    ],
  ]),
)

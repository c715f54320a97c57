import { category } from './event-type.ts'

export const space = category('space', [
  ['audit.space.create', 'create', 4, '', '{actor} created space {target}'],
  ['audit.space.update', 'update', 4, '', '{actor} updated space {target}'],
  ['audit.space.delete-request', 'delete', 7, 'P', '{actor} deleted space {target} and what was in it'],
])

export const organization = category('organization', [
  ['audit.organization.create', 'create', 5, 'P', '{actor} created organization {target}'],
  ['audit.organization.update', 'update', 5, 'P', '{actor} updated organization {target}'],
  [
    'audit.organization.delete-request',
    'delete',
    8,
    'P',
    '{actor} deleted organization {target} and what was in it',
  ],
])

export const quota = category('quota', [
  ['audit.organization_quota.create', 'create', 3, 'P', '{actor} created organization quota {target}'],
  ['audit.organization_quota.update', 'update', 4, 'P', '{actor} updated organization quota {target}'],
  ['audit.organization_quota.delete', 'delete', 4, 'P', '{actor} deleted organization quota {target}'],
  ['audit.organization_quota.apply', 'apply', 4, 'P', '{actor} applied organization quota {target}'],
  ['audit.space_quota.create', 'create', 3, '', '{actor} created space quota {target}'],
  ['audit.space_quota.update', 'update', 3, '', '{actor} updated space quota {target}'],
  ['audit.space_quota.delete', 'delete', 3, '', '{actor} deleted space quota {target}'],
  ['audit.space_quota.apply', 'apply', 3, '', '{actor} applied space quota {target}'],
  ['audit.space_quota.remove', 'remove', 4, '', '{actor} removed space quota {target} from a space'],
])

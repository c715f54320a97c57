import { category } from './event-type.ts'

export const ssh = category('ssh', [
  ['audit.app.ssh-authorized', 'ssh-authorized', 6, 'P', '{actor} was granted SSH access to app {target}'],
  [
    'audit.app.ssh-unauthorized',
    'ssh-unauthorized',
    8,
    'PF',
    '{actor} was refused SSH access to app {target}',
  ],
])

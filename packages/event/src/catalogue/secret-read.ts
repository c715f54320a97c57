import { category } from './event-type.ts'

/** Reads of secrets, and of code that may hold them. Cloud Controller writes down no other reads. */
export const secretRead = category('secret-read', [
  [
    'audit.app.environment.show',
    'show',
    6,
    'P',
    '{actor} read the environment of app {target}, credentials included',
  ],
  [
    'audit.app.environment_variables.show',
    'show',
    6,
    'P',
    '{actor} read the environment variables of app {target}',
  ],
  [
    'audit.app.revision.environment_variables.show',
    'show',
    6,
    'P',
    '{actor} read the environment variables of a revision of app {target}',
  ],
  ['audit.app.package.download', 'download', 5, 'P', '{actor} downloaded a package of app {target}'],
  ['audit.app.droplet.download', 'download', 5, 'P', '{actor} downloaded a droplet of app {target}'],
  ['audit.service_binding.show', 'show', 6, 'P', '{actor} read the credentials of service binding {target}'],
  ['audit.service_key.show', 'show', 6, 'P', '{actor} read the credentials of service key {target}'],
  [
    'audit.user_provided_service_instance.show',
    'show',
    6,
    'P',
    '{actor} read the credentials of user-provided service instance {target}',
  ],
  [
    'audit.service_instance.show',
    'show',
    6,
    '2P',
    '{actor} read the parameters of service instance {target}',
  ],
])

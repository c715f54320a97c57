import { category } from './event-type.ts'

/** What every app of the platform is built on. */
export const platform = category('platform', [
  ['audit.buildpack.create', 'create', 6, 'P', '{actor} created buildpack {target}'],
  ['audit.buildpack.update', 'update', 6, 'P', '{actor} updated buildpack {target}'],
  ['audit.buildpack.upload', 'upload', 7, 'P', '{actor} uploaded new code of buildpack {target}'],
  ['audit.buildpack.delete', 'delete', 6, 'P', '{actor} deleted buildpack {target}'],
  ['audit.stack.create', 'create', 5, 'P', '{actor} created stack {target}'],
  ['audit.stack.update', 'update', 5, 'P', '{actor} updated stack {target}'],
  ['audit.stack.delete', 'delete', 6, 'P', '{actor} deleted stack {target}'],
  ['blob.remove_orphan', 'remove-orphan', 2, '', '{actor} removed orphaned blob {target}'],
])

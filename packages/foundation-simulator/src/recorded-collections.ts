import { readdirSync } from 'node:fs'
import type { CollectionStore } from './collections.ts'
import { type RecordedExchange, recordedExchange } from './recordings.ts'
import type { Resource } from './resource.ts'

/** The exchanges about other things than audit events, discovery and v2. */
export const collectionExchanges: readonly string[] = readdirSync(
  new URL('../recordings/exchanges/', import.meta.url),
)
  .map(file => file.replace('.json', ''))
  .filter(name => /^(lookup|names|processes|roles|state|task|tasks|usage|v3-tasks)-|^v3-tasks$/.test(name))
  .sort()

interface ListBody {
  readonly pagination?: { readonly total_results: number }
  readonly resources?: readonly Resource[]
  readonly included?: Readonly<Record<string, readonly Resource[]>>
}

/** Puts what one exchange shows into the store. */
export function loadExchange(store: CollectionStore, { request, response }: RecordedExchange): void {
  if (response.status !== 200) return
  const path = request.path.split('?')[0] ?? ''
  const [, collection = '', guid] = /^\/v3\/(\w+)(?:\/([^/]+))?$/.exec(path) ?? []
  const body = response.body as ListBody
  if (body.resources === undefined) {
    if (guid !== undefined && collection === 'tasks') store.add(collection, [response.body as Resource])
    else store.addDocument(path, response.body)
    return
  }
  store.add(collection, collection === 'tasks' ? withCommands(store, body.resources) : body.resources)
  for (const [name, resources] of Object.entries(body.included ?? {})) store.add(name, resources)
}

/** A list of tasks shows no commands: one that was recorded by itself keeps the one it has. */
function withCommands(store: CollectionStore, tasks: readonly Resource[]): readonly Resource[] {
  return tasks.map(task => ({ ...store.all('tasks').find(({ guid }) => guid === task.guid), ...task }))
}

/**
 * Everything the recordings know by name: organizations, spaces, apps, users, tasks, … Where exchanges of different
 * moments disagree the later file name wins.
 */
export function loadRecordedCollections(store: CollectionStore): void {
  for (const name of collectionExchanges.filter(other => other !== 'lookup-service-instances-fields')) {
    loadExchange(store, recordedExchange(name))
  }
}

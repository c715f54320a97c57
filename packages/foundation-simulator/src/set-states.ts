import type { CollectionStore } from './collections.ts'
import type { Resource } from './resource.ts'

/** What is set differently from now on. Nothing tells of it: an audit event is inserted by whoever wants one. */
export interface StateChange {
  /** By collection; an object with the guid (or name) of an earlier one takes its place, with what it says of it. */
  readonly put?: Readonly<Record<string, readonly Resource[]>>
  /** Guids by collection. */
  readonly remove?: Readonly<Record<string, readonly string[]>>
  /** By path: `/v3/apps/<guid>/features/ssh`, `/v3/environment_variable_groups/running`. */
  readonly documents?: Readonly<Record<string, unknown>>
}

export function setStates(store: CollectionStore, { put, remove, documents }: StateChange): void {
  for (const [collection, resources] of Object.entries(put ?? {}))
    store.add(
      collection,
      resources.map(resource => ({ ...earlier(store, collection, resource), ...resource })),
    )
  for (const [collection, guids] of Object.entries(remove ?? {}))
    for (const guid of guids) store.remove(collection, guid)
  for (const [path, body] of Object.entries(documents ?? {})) store.addDocument(path, body)
}

function earlier(store: CollectionStore, collection: string, { guid, name }: Resource): Resource | undefined {
  return store.all(collection).find(held => (held.guid ?? held.name) === (guid ?? name))
}

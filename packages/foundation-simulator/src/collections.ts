import type { Answer } from './answer.ts'
import { errors } from './cloud-controller-error.ts'

/** The other v3 collections. */
export class CollectionStore {
  answer(_path: string, _queryText: string, _apiUrl: string): Answer {
    throw errors.unknownRequest()
  }
}

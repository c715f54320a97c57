export { keyPrefix } from './kept-state.ts'
export type { ReadingResult, StateObserver } from './observer.ts'
export type { StateSession } from './session.ts'
export {
  type KindStatus,
  StateDifferences,
  type StateDifferencesDeps,
  type StateDifferencesOptions,
} from './state-differences.ts'

export { keyPrefix } from './followed-task.ts'
export {
  TaskTrail,
  type TaskTrailDeps,
  type TaskTrailObserver,
  type TaskTrailOptions,
  type TaskTrailSession,
} from './task-trail.ts'
export type { CommandPolicy } from './told-task.ts'

export type { FollowedTask, TaskActor } from './followed-task.ts'
export {
  TaskTrail,
  type TaskTrailDeps,
  type TaskTrailObserver,
  type TaskTrailOptions,
  type TaskTrailSession,
} from './task-trail.ts'
export { completedType, lostType, type ToldTask } from './told-task.ts'

import type { Path } from './settings-tree.ts'

/** Tells a fault of the setting at `path`, which is found out where it was written. */
export type Say = (path: Path, problem: string, instead: string) => void

export type { NameKind } from './name-kind.ts'
export { Naming, type NamingDeps, type NamingOptions } from './naming.ts'

import { bannedCalls, noSilencedChecks, noSleepInTests } from './call-rules.ts'
import {
  everyFileImported,
  everyTestRuns,
  knownEndings,
  shortFiles,
  shortFunctions,
  smallFiles,
  tellingNames,
} from './file-rules.ts'
import {
  byName,
  completeLock,
  declaredDependencies,
  kafkajsAtHome,
  noFileCircle,
  noPackageCircle,
  packagesBelow,
  pureCodecs,
  servicesApart,
} from './layer-rules.ts'
import {
  changelogForm,
  linksLead,
  noPathsOutside,
  noRegistryHosts,
  readmePerWorkspace,
} from './prose-rules.ts'
import type { Rule } from './rule.ts'

/** The rules of the house. */
export const rules: readonly Rule[] = [
  servicesApart,
  packagesBelow,
  byName,
  noFileCircle,
  noPackageCircle,
  declaredDependencies,
  completeLock,
  pureCodecs,
  kafkajsAtHome,
  bannedCalls,
  noSilencedChecks,
  noSleepInTests,
  everyFileImported,
  everyTestRuns,
  tellingNames,
  knownEndings,
  shortFiles,
  shortFunctions,
  smallFiles,
  readmePerWorkspace,
  noRegistryHosts,
  noPathsOutside,
  linksLead,
  changelogForm,
]

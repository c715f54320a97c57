import { findJars } from '@cf-audit-drain/kafka-broker/testing/jvm'
import { apicurioMissing } from './apicurio.ts'
import { fetchApicurio } from './apicurio-files.ts'

/** Run before the tests (`npm run apicurio`), so that none of them waits for a download. */
const found = findJars()
if (found.kind !== 'jars') throw new Error(apicurioMissing() ?? found.why)
process.emitWarning(`Apicurio Registry is in ${await fetchApicurio(found.mvn)}`)

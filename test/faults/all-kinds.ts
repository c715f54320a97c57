import type { Kind } from './kind.ts'
import { cloudControllerAnswers } from './kinds/cloud-controller-answers.ts'
import { cloudControllerPages } from './kinds/cloud-controller-pages.ts'
import { diskFull } from './kinds/disk-full.ts'
import { everythingAtOnce } from './kinds/everything.ts'
import { foundation } from './kinds/foundation.ts'
import { kafkaBrokers } from './kinds/kafka-brokers.ts'
import { kafkaConnections } from './kinds/kafka-connections.ts'
import { kafkaProcesses } from './kinds/kafka-processes.ts'
import { kafkaRecords } from './kinds/kafka-records.ts'
import { kafkaUpgrade } from './kinds/kafka-upgrade.ts'
import { killed } from './kinds/killed.ts'
import { names } from './kinds/names.ts'
import { siem } from './kinds/siem.ts'
import { visibility } from './kinds/visibility.ts'

/** In the order of the table. */
export const allKinds: readonly Kind[] = [
  ...visibility,
  ...cloudControllerPages,
  ...cloudControllerAnswers,
  names,
  ...foundation,
  ...killed,
  diskFull,
  ...siem,
  everythingAtOnce,
  ...kafkaBrokers,
  ...kafkaConnections,
  ...kafkaProcesses,
  ...kafkaRecords,
  kafkaUpgrade,
]

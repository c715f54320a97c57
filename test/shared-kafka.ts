import { lendKafka } from '@cf-audit-drain/kafka-broker'

let giveBack = async () => {}

/** Run by `node --test` before the first test file. */
export async function globalSetup(): Promise<void> {
  giveBack = await lendKafka()
}

/** And after the last one. */
export async function globalTeardown(): Promise<void> {
  await giveBack()
}

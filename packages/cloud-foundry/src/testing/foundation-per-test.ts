import { afterEach, beforeEach } from 'node:test'
import type { CloudController } from '../cloud-controller.ts'
import type { Deps, FoundationOptions } from '../options.ts'
import { clientOf } from './client-of.ts'
import { type ScriptedFoundation, scriptedFoundation } from './scripted-foundation.ts'

/** What each test of a file has for itself; both end with the test. */
export interface FoundationPerTest {
  readonly foundation: ScriptedFoundation
  /** Of the foundation, with the file's options under these. */
  client(options?: Partial<FoundationOptions>, deps?: Partial<Deps>): CloudController
}

/** Called once at the top of a test file: a new foundation before each test, closed after it with every client made of it. */
export function foundationPerTest(fileOptions: Partial<FoundationOptions> = {}): FoundationPerTest {
  let foundation: ScriptedFoundation | null = null
  let clients: CloudController[] = []
  beforeEach(async () => {
    foundation = await scriptedFoundation()
    clients = []
  })
  afterEach(async () => {
    await Promise.all(clients.map(client => client.close()))
    await foundation?.close()
    foundation = null
  })
  const current = () => {
    if (foundation === null) throw new Error('there is a foundation only while a test runs')
    return foundation
  }
  return {
    get foundation() {
      return current()
    },
    client(options = {}, deps = {}) {
      const made = clientOf(current().origin, { ...fileOptions, ...options }, deps)
      clients.push(made)
      return made
    },
  }
}

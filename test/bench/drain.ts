import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Child } from '../faults/child.ts'
import { places } from '../faults/places.ts'
import type { Simulator } from '../faults/simulator.ts'

export const foundationName = 'bench'

/** The command as a user starts it, by the environment alone. */
export function startDrain(
  folder: string,
  simulator: Simulator,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  command: 'start' | 'poller' | 'sink' = 'start',
): Child {
  const { api, clientId, clientSecret } = simulator.addresses
  return new Child({
    command: places.drain,
    args: [command, ...args],
    outputFile: join(folder, 'drain.out'),
    errorFile: join(folder, 'drain.err'),
    env: {
      CF_FOUNDATION: foundationName,
      CF_API: api,
      CF_CLIENT_ID: clientId,
      CF_CLIENT_SECRET: clientSecret,
      DATA_DIR: join(folder, 'data'),
      HTTP_ADDRESS: '127.0.0.1:0',
      LOG_LEVEL: 'warn',
      // What is counted is what the simulator has shown; tasks are told of on top of that.
      TASK_FOLLOW: 'false',
      ...env,
    },
  })
}

/** Resident memory of a process, MiB, now and at its highest (proc(5), VmRSS and VmHWM). */
export function rssMiB(pid: number): { readonly now: number; readonly highest: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const of = (name: string) => Number(new RegExp(`${name}:\\s+([0-9]+) kB`).exec(status)?.[1] ?? 0) / 1024
  return { now: of('VmRSS'), highest: of('VmHWM') }
}

/** User and system time of a process so far, seconds (proc(5), stat; a tick is 10 ms on Linux). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

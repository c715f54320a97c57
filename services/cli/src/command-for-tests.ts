import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Foundation, startFoundation } from '@cf-audit-drain/foundation-simulator'
import { systemClock } from '@cf-audit-drain/pipeline'
import { PrintingReceiver } from './demo.ts'

/** The real command in a process of its own, as a user types it. */
export const command = join(import.meta.dirname, '../bin/cf-audit-drain')

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export function begin(args: readonly string[], env: Record<string, string> = {}) {
  const { PATH = '' } = process.env
  const child = spawn(command, [...args], { env: { PATH, ...env }, cwd: tmpdir() })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => {
    out += chunk
  })
  child.stderr.on('data', chunk => {
    err += chunk
  })
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, out, err }))
  return { child: child as ChildProcess, ended, out: () => out, err: () => err }
}

export const runs = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  begin(args, env).ended

export async function until(condition: () => boolean): Promise<void> {
  const giveUpMs = systemClock.monotonic() + 20_000
  while (!condition()) {
    assert.ok(systemClock.monotonic() < giveUpMs, `gave up waiting for ${condition}`)
    await systemClock.sleep(20)
  }
}

export function temporary(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'command-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export async function foundationWith(t: TestContext, count: number) {
  const foundation = await startFoundation({})
  foundation.insert(
    Array.from({ length: count }, (_, i) => ({
      createdAtUs: (systemClock.now() - 86_400_000 + i * 1000) * 1000,
      actor: { guid: 'u-1', type: 'user', name: i % 2 ? 'bob@example.com' : 'eve@example.com' },
      target: { guid: `a-${i}`, type: 'app', name: `app-${i}` },
    })),
  )
  t.after(() => foundation.close())
  return foundation
}

export async function receiverOf(t: TestContext) {
  const receiver = new PrintingReceiver(async () => undefined)
  const port = await receiver.listen()
  t.after(() => receiver.close())
  return { receiver, url: `syslog://127.0.0.1:${port}` }
}

export function environment(
  { api, clientId, clientSecret }: Foundation,
  dir: string,
): Record<string, string> {
  return {
    CF_API: api,
    CF_CLIENT_ID: clientId,
    CF_CLIENT_SECRET: clientSecret,
    DATA_DIR: dir,
    HTTP_ADDRESS: '127.0.0.1:0',
  }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Rights } from '@cf-audit-drain/cloud-foundry'
import { drivenClock } from '@cf-audit-drain/pipeline'
import { RightsGuard } from './rights-guard.ts'

const { signal } = new AbortController()

test('an answer about roles that comes after that to a later question does not count as less', async () => {
  const answers: PromiseWithResolvers<readonly string[]>[] = []
  const identity = { kind: 'client', name: 'd', clientId: 'd', grant: 'client-credentials' } as const
  const controller = {
    identity,
    onScopes: () => () => undefined,
    async rights(): Promise<Rights> {
      const answer = Promise.withResolvers<readonly string[]>()
      answers.push(answer)
      const roles = await answer.promise
      return { identity, scopes: [], sees: 'subset', roles, rolesFault: null, missing: null, sentence: '' }
    },
  }
  const deps = {
    controller,
    clock: drivenClock(),
    onNarrowed: () => undefined,
    remember: async () => undefined,
  }
  const guard = new RightsGuard(deps, { seen: null, narrowed: null })
  const opened = guard.open(signal, false)
  answers[0]?.resolve(['space_auditor a'])
  await opened
  const slow = guard.mayClose(signal)
  const quick = guard.mayClose(signal)
  answers[2]?.resolve(['space_auditor a', 'space_auditor b'])
  assert.equal(await quick, true)
  answers[1]?.resolve(['space_auditor a'])
  assert.equal(await slow, false, 'of what it asked it is not known')
  assert.equal(guard.narrowed, null)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CheckpointUnreadableError, decodeCheckpoint } from './checkpoint.ts'

test('a checkpoint that cannot be read says who may have written it, and what to do', () => {
  const foreign = /^the checkpoint in the log (?:.*), so somebody else wrote it: /
  const newer = /^the checkpoint in the log has version 9, .*: a newer version of this program wrote it, /
  for (const [text, says] of [
    ['garbage', foreign],
    ['null', foreign],
    ['5', foreign],
    ['{}', foreign],
    ['{"version":"9"}', foreign],
    ['{"version":1}', foreign],
    ['{"version":9}', newer],
  ] as const)
    assert.throws(
      () => decodeCheckpoint(text),
      (error: unknown) => {
        assert.ok(error instanceof CheckpointUnreadableError, text)
        assert.match(error.message, says)
        assert.match(error.message, /docs\/runbook\.md/)
        return true
      },
      text,
    )
})

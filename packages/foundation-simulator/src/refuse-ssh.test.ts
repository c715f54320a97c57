import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, systemClock } from '@cf-audit-drain/pipeline'
import { EventGenerator } from './event-generator.ts'
import { startFoundation } from './foundation.ts'
import { refuseSsh } from './refuse-ssh.ts'

test('somebody is refused SSH again and again, until it is told to stop', async () => {
  const foundation = await startFoundation({ host: 'localhost' })
  const stop = new AbortController()
  try {
    assert.match(foundation.api, /^http:\/\/localhost:\d+$/)
    assert.equal((await fetch(foundation.api)).status, 200)
    const generator = new EventGenerator(seededRandom(1), foundation.api)
    const refusing = refuseSsh(foundation, generator, { firstMs: 1, everyMs: 2 }, stop.signal)
    const end = systemClock.monotonic() + 10_000
    while (foundation.shown().length < 3 && systemClock.monotonic() < end) await systemClock.sleep(5)
    stop.abort()
    await refusing
    const texts = foundation.shown().map(({ guid }) => foundation.text(guid) ?? '')
    assert.ok(texts.length >= 3, `${texts.length} within 10 s`)
    for (const text of texts) assert.match(text, /"type":"audit\.app\.ssh-unauthorized"/)
  } finally {
    await foundation.close()
  }
})

test('an event of a type that nobody recorded is refused', () => {
  const generator = new EventGenerator(seededRandom(1), 'https://api.example.org')
  assert.throws(
    () => generator.rowOf('audit.no.such', 0),
    /no event of the type audit\.no\.such was recorded/,
  )
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type KafkaCluster, reasonToSkipKafka, shareKafka } from '@cf-audit-drain/kafka-broker'
import { systemClock } from '@cf-audit-drain/pipeline'
import { type PollerProcess, PollersScene } from './pollers-for-tests.ts'

/*
 * Goal: any number of pollers on one Kafka, each foundation polled by one of them, and whatever happens to that one
 * nothing lost or doubled. Method: the command in processes of its own, new events all the time, kcat as the judge.
 */

describe('pollers on one Kafka', { skip: reasonToSkipKafka(), concurrency: 2 }, () => {
  let kafka: KafkaCluster
  before(async () => {
    kafka = await shareKafka()
  })
  after(() => kafka?.stop())

  const sceneOf = async (t: TestContext, name: string) =>
    hasKcat(t) ? PollersScene.make(t, kafka.brokers, name) : null

  /** Two processes: the one that polls, and the one that stands by. */
  const pair = async (scene: PollersScene, sessionTimeout?: string) => {
    const both = [scene.poller(['lab'], sessionTimeout), scene.poller(['lab'], sessionTimeout)] as const
    await scene.until('one to poll and one to stand by', async () => {
      const states = await Promise.all(both.map(one => one.states()))
      return (
        states
          .map(({ lab }) => lab)
          .toSorted()
          .join() === 'running,standby'
      )
    })
    const [one, other] = both
    const isFirst = (await one.states())['lab'] === 'running'
    return isFirst ? { leader: one, other } : { leader: other, other: one }
  }

  test('share the foundations out; after SIGTERM the other one has them all at once', async t => {
    const scene = await sceneOf(t, 'sigterm')
    if (!scene) return
    scene.flow()
    const both = ['east', 'west']
    const first = scene.poller(both)
    await scene.until('the first to poll both', async () => leads(await first.states(), both))
    const second = scene.poller(both)
    await scene.until('each to poll one', async () => {
      const [ones, others] = [await first.states(), await second.states()]
      return both.every(name => [ones[name], others[name]].toSorted().join() === 'running,standby')
    })
    const stays = both.find(name => first.saying('standby').every(line => line['foundation'] !== name))
    const sessions = first.saying('sees every audit event').filter(line => line['foundation'] === stays)
    assert.equal(sessions.length, 1, 'what stays goes on')
    await assertQuietStandby(second, both)

    await Promise.all(both.map(name => scene.arrival(name, scene.insert())))
    const ending = first.end('SIGTERM')
    const sent = scene.insert()
    const ms = Math.max(...(await Promise.all(both.map(name => scene.arrival(name, sent)))))
    await ending
    assert.equal(first.child.exitCode, 0)
    t.diagnostic(`SIGTERM to the first new event by the other: ${ms} ms`)
    assert.ok(ms < 6_000, `${ms} ms`)
    await scene.assertComplete(...both)
    for (const one of [first, second]) assert.deepEqual(one.saying('keeping away'), [])
  })

  test('hand over within 15 s of a kill -9', async t => {
    const scene = await sceneOf(t, 'kill')
    if (!scene) return
    const { leader, other } = await pair(scene)
    scene.flow()
    await scene.arrival('lab', scene.insert())
    await leader.end('SIGKILL')
    const ms = await scene.arrival('lab', scene.insert())
    t.diagnostic(`kill -9 to the first new event by the other: ${ms} ms`)
    assert.ok(ms < 15_000, `${ms} ms`)
    await scene.assertComplete('lab')
    assert.deepEqual(await other.states(), { lab: 'running' })
    assert.deepEqual(other.saying('keeping away'), [])
  })

  test('one that was stopped for longer than its session finds that another one polls, and publishes nothing', async t => {
    const scene = await sceneOf(t, 'stopped')
    if (!scene) return
    const { leader, other } = await pair(scene, '6s')
    scene.flow()
    await scene.arrival('lab', scene.insert())
    leader.child.kill('SIGSTOP')
    await scene.arrival('lab', scene.insert())
    // The first events may come out of what it reads while it starts.
    await scene.until('the other one to poll', async () => (await other.states())['lab'] === 'running')
    leader.child.kill('SIGCONT')
    await scene.until('the one woken to stand by', async () => (await leader.states())['lab'] === 'standby')
    await scene.assertComplete('lab')
    assert.deepEqual(await other.states(), { lab: 'running' })
    assert.deepEqual(other.saying('keeping away'), [], 'the one that polls is never fenced')
  })

  test('two that both believe that they are to poll take turns, ever more rarely, and say so', async t => {
    const scene = await sceneOf(t, 'war')
    if (!scene) return
    scene.flow()
    const [elected, lone] = [scene.poller(['lab']), scene.lonePoller('lab')]
    const startedMs = systemClock.monotonic()
    const fencings = () => [elected, lone].map(one => one.saying('keeping away').length)
    await scene.until('each to be fenced, one of them twice', () => fencings().toSorted().join() >= '1,2')
    const seconds = (systemClock.monotonic() - startedMs) / 1000
    const [ours = 0, theirs = 0] = fencings()
    t.diagnostic(`${ours} and ${theirs} fencings in ${seconds.toFixed(1)} s`)
    for (const one of [elected, lone]) assertKeptAway(one)
    const { text } = await elected.ask('/metrics')
    assert.match(
      text,
      new RegExp(
        `^cf_audit_fenced_total\\{foundation="lab"\\} ${elected.saying('keeping away').length}$`,
        'm',
      ),
    )
    assert.match((await elected.ask('/status')).text, /"fenced": \{\s*"times": \d/)
    await lone.end('SIGTERM')
    await scene.assertComplete('lab')
  })
})

/** What is led elsewhere is not shown here, and standing by is ready. */
async function assertQuietStandby(one: PollerProcess, foundations: readonly string[]): Promise<void> {
  const states = await one.states()
  assert.equal((await one.ask('/readyz')).status, 200)
  const { text } = await one.ask('/metrics')
  for (const name of foundations) {
    const series = text.split('\n').filter(line => line.includes(`foundation="${name}"`))
    if (states[name] === 'standby')
      assert.deepEqual(series, [
        `cf_audit_leading{foundation="${name}"} 0`,
        `cf_audit_fenced_total{foundation="${name}"} 0`,
      ])
    else assert.ok(series.includes(`cf_audit_leading{foundation="${name}"} 1`))
  }
}

/** Some seconds at least, and no reading of Cloud Controller in between. */
function assertKeptAway({ lines }: PollerProcess): void {
  const timeOf = (line: Record<string, unknown> | undefined) => Date.parse(String(line?.['time']))
  for (const [i, line] of lines.entries()) {
    if (!String(line['msg']).includes('keeping away')) continue
    const delayMs = Number(line['delayMs'])
    assert.ok(delayMs >= 2_500, `${delayMs} ms`)
    const next = lines.slice(i).find(({ msg }) => String(msg).includes('sees every audit event'))
    if (next)
      assert.ok(timeOf(next) - timeOf(line) >= delayMs - 5, `${timeOf(next) - timeOf(line)} of ${delayMs} ms`)
  }
}

function leads(states: Record<string, string>, foundations: readonly string[]): boolean {
  return foundations.every(name => states[name] === 'running')
}

function hasKcat(t: TestContext): boolean {
  if (spawnSync('kcat', ['-V']).status === 0) return true
  const how = 'kcat is not installed: apt-get install kcat'
  if (process.env['REQUIRE_PEERS'] === '1') assert.fail(how)
  t.skip(how)
  return false
}

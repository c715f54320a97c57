import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { SinkPosition, Tally } from '@cf-audit-drain/log'
import { type Clock, systemClock } from '@cf-audit-drain/pipeline'
import { createMetrics, type MetricsOptions } from './metrics.ts'

const nowMs = Date.UTC(2026, 10, 22, 12)
const clock: Clock = { now: () => nowMs, monotonic: () => 0, sleep: async () => {} }
const unauthorized = 'audit.app.ssh-unauthorized'

function tally(fields: Partial<Tally>): Tally {
  return {
    foundation: 'eu1',
    type: unauthorized,
    provenance: 'live',
    count: 1,
    lastReceivedAtMs: nowMs,
    lastCreatedAtSec: nowMs / 1000 - 5,
    ...fields,
  }
}

function metricsOf(
  state: {
    tallies?: Tally[]
    positions?: SinkPosition[]
    letters?: { foundation: string; origin: string; count: number }[]
  } = {},
  options: Partial<MetricsOptions> = {},
) {
  return createMetrics({
    version: '0.1.0',
    foundations: ['eu1', 'us1'],
    sinks: ['siem'],
    knownTypes: new Set([unauthorized, 'audit.app.create']),
    durable: {
      tallies: async () => state.tallies ?? [],
      positions: async () => state.positions ?? [],
      deadLetterCounts: async () => state.letters ?? [],
    },
    clock,
    ...options,
  })
}

/** One series of a scrape; undefined when it is not there. */
async function value(metrics: ReturnType<typeof metricsOf>, series: string): Promise<number | undefined> {
  const { text } = await metrics.expose()
  const line = text.split('\n').find(each => each.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

test('what became of tasks is counted, by states that Cloud Controller cannot make up', async () => {
  const metrics = metricsOf()
  const eu1 = metrics.foundation('eu1')
  eu1?.tasksFollowed(7)
  for (const state of ['FAILED', 'FAILED', 'SUCCEEDED', 'x" y']) eu1?.taskCompleted(state)
  eu1?.taskLost()
  eu1?.taskNotFollowed()
  for (let i = 0; i < 3; i++) eu1?.taskLookFailed()
  const of = (name: string, state = '') => value(metrics, `cf_audit_tasks_${name}{foundation="eu1"${state}}`)
  assert.equal(await of('followed'), 7)
  assert.equal(await of('completed_total', ',state="FAILED"'), 2)
  assert.equal(await of('completed_total', ',state="SUCCEEDED"'), 1)
  assert.deepEqual([await of('lost_total'), await of('not_followed_total')], [1, 1])
  assert.equal(await of('failures_total'), 3)
  assert.doesNotMatch((await metrics.expose()).text, /x" y|x\\" y/)
  eu1?.leading(false)
  for (const name of ['followed', 'lost_total', 'failures_total']) assert.equal(await of(name), undefined)
})

test('before the first event ever the series that rules look at are there, for every foundation', async () => {
  const metrics = metricsOf()
  for (const foundation of ['eu1', 'us1']) {
    for (const type of ['audit.app.ssh-authorized', unauthorized]) {
      assert.equal(
        await value(
          metrics,
          `cf_audit_last_alertable_event_timestamp_seconds{foundation="${foundation}",type="${type}"}`,
        ),
        0,
      )
      assert.equal(
        await value(
          metrics,
          `cf_audit_new_events_total{foundation="${foundation}",type="${type}",mode="live"}`,
        ),
        0,
      )
    }
  }
})

test('the counts are those of the log, and a new process says the same at its first scrape', async () => {
  const tallies = [
    tally({ count: 41 }),
    tally({ provenance: 'backfill', count: 500, lastReceivedAtMs: nowMs + 9000 }),
  ]
  for (const metrics of [metricsOf({ tallies }), metricsOf({ tallies })]) {
    assert.equal(
      await value(metrics, `cf_audit_new_events_total{foundation="eu1",type="${unauthorized}",mode="live"}`),
      41,
    )
    assert.equal(
      await value(
        metrics,
        `cf_audit_new_events_total{foundation="eu1",type="${unauthorized}",mode="backfill"}`,
      ),
      500,
    )
  }
})

test('scraping twice does not count twice', async () => {
  const metrics = metricsOf({ tallies: [tally({ count: 41 })] })
  await metrics.expose()
  assert.equal(
    await value(metrics, `cf_audit_new_events_total{foundation="eu1",type="${unauthorized}",mode="live"}`),
    41,
  )
})

test('a backfill and a replay leave the alertable time alone', async () => {
  const series = `cf_audit_last_alertable_event_timestamp_seconds{foundation="eu1",type="${unauthorized}"}`
  const old = [tally({ provenance: 'backfill' }), tally({ provenance: 'replay' })]
  assert.equal(await value(metricsOf({ tallies: old }), series), 0)
  const live = tally({ lastReceivedAtMs: nowMs - 60_000 })
  assert.equal(await value(metricsOf({ tallies: [...old, live] }), series), nowMs / 1000 - 60)
})

test('types nobody knows share one series, so that nobody can make series up', async () => {
  const tallies = ['audit.x.a', 'audit.x.b'].map((type, i) =>
    tally({ type, lastReceivedAtMs: nowMs - i * 1000 }),
  )
  const metrics = metricsOf({ tallies: [...tallies, tally({ type: 'audit.app.create' })] })
  assert.equal(
    await value(metrics, 'cf_audit_new_events_total{foundation="eu1",type="other",mode="live"}'),
    2,
  )
  assert.equal(await value(metrics, 'cf_audit_unknown_type_events_total{foundation="eu1"}'), 2)
  assert.equal(
    await value(metrics, 'cf_audit_last_alertable_event_timestamp_seconds{foundation="eu1",type="other"}'),
    nowMs / 1000,
  )
  assert.doesNotMatch((await metrics.expose()).text, /audit\.x/)
})

test('a queue is as old as its oldest record, and a sink with nothing to do has an age of 0', async () => {
  const position = { sink: 'siem', offset: 3, lag: 7, oldestUndeliveredMs: nowMs - 90_000 }
  const behind = metricsOf({ positions: [position, { ...position, sink: 'taken-out' }] })
  assert.equal(await value(behind, 'cf_audit_queue_oldest_seconds{sink="siem"}'), 90)
  assert.equal(await value(behind, 'cf_audit_queue_records{sink="siem"}'), 7)
  assert.equal(await value(behind, 'cf_audit_queue_records{sink="taken-out"}'), undefined)
  assert.equal(await value(metricsOf(), 'cf_audit_queue_oldest_seconds{sink="siem"}'), 0)
})

test('dead letters are there from 0, by who buried them', async () => {
  const metrics = metricsOf({ letters: [{ foundation: 'eu1', origin: 'poller', count: 2 }] })
  assert.equal(await value(metrics, 'cf_audit_dead_letters{foundation="eu1",origin="poller"}'), 2)
  assert.equal(await value(metrics, 'cf_audit_dead_letters{foundation="us1",origin="siem"}'), 0)
})

test('what the poller tells is shown, and its last poll is restored from the checkpoint', async () => {
  const metrics = metricsOf()
  const eu1 = metrics.foundation('eu1')
  const lastPoll = 'cf_audit_last_successful_poll_timestamp_seconds{foundation="eu1"}'
  assert.equal(await value(metrics, lastPoll), nowMs / 1000)
  eu1.restore({
    lastSuccessfulPollMs: nowMs - 3_600_000,
    checkpointMs: nowMs - 3_500_000,
    closedThroughSec: 1_000,
    closedWindows: 7,
  })
  eu1.windowsClosed(2)
  // By another poller of the same term.
  eu1.restore({ closedWindows: 10 })
  eu1.restore({ closedWindows: 9 })
  assert.equal(await value(metrics, 'cf_audit_windows_closed_total{foundation="eu1"}'), 10)
  assert.equal(await value(metrics, lastPoll), nowMs / 1000 - 3600)
  assert.equal(await value(metrics, 'cf_audit_checkpoint_age_seconds{foundation="eu1"}'), 3500)
  assert.equal(await value(metrics, 'cf_audit_closed_through_timestamp_seconds{foundation="eu1"}'), 1000)
  eu1.pollSucceeded(nowMs, 250)
  eu1.request(429)
  eu1.request(123_456)
  eu1.seesEverything(false)
  eu1.rightsNarrowed(true)
  assert.equal(await value(metrics, lastPoll), nowMs / 1000)
  assert.equal(await value(metrics, 'cf_audit_poll_duration_seconds_count{foundation="eu1"}'), 1)
  assert.equal(await value(metrics, 'cf_audit_cc_requests_total{foundation="eu1",code="429"}'), 1)
  assert.equal(await value(metrics, 'cf_audit_cc_requests_total{foundation="eu1",code="error"}'), 1)
  assert.equal(await value(metrics, 'cf_audit_sees_everything{foundation="eu1"}'), 0)
  assert.equal(await value(metrics, 'cf_audit_rights_narrowed{foundation="eu1"}'), 1)
  assert.equal(await value(metrics, 'cf_audit_sees_everything{foundation="us1"}'), undefined)
  assert.throws(() => metrics.foundation('other'), /no metrics for the foundation "other"/)
})

test('when the ledger was compared is not when the process started', async () => {
  const eu1 = metricsOf()
  const one = eu1.foundation('eu1')
  const compared = 'cf_audit_ledger_last_verified_timestamp_seconds{foundation="eu1"}'
  const source = { oldestSec: 1_000 }
  one.restore({ ledger: { comparedMs: nowMs - 7_200_000, source } })
  assert.equal(await value(eu1, compared), nowMs / 1000 - 7_200)
  assert.equal(await value(eu1, 'cf_audit_source_oldest_event_timestamp_seconds{foundation="eu1"}'), 1_000)
  one.restore({ ledger: {} })
  assert.equal(await value(eu1, compared), nowMs / 1000 - 7_200)
  one.verified({ isCompared: true, atMs: nowMs, requests: 1, rows: 1, ...source })
  assert.equal(await value(eu1, compared), nowMs / 1000)
  one.retention(604_800, 'oldest-event')
  assert.equal(await value(eu1, 'cf_audit_source_retention_assumed{foundation="eu1"}'), 0)
  one.retention(2_678_400, 'default')
  assert.equal(await value(eu1, 'cf_audit_source_retention_assumed{foundation="eu1"}'), 1)
})

test('that an identity saw less is known before it can be asked again, and of one that did not nothing is said', async () => {
  const metrics = metricsOf()
  const narrowed = 'cf_audit_rights_narrowed{foundation="eu1"}'
  metrics.foundation('eu1').restore({ isNarrowed: false })
  assert.equal(await value(metrics, narrowed), undefined)
  metrics.foundation('eu1').restore({ isNarrowed: true })
  assert.equal(await value(metrics, narrowed), 1)
  metrics.foundation('eu1').rightsNarrowed(false)
  assert.equal(await value(metrics, narrowed), 0)
})

test('a log that cannot be read makes the scrape fail instead of showing old counts', async () => {
  const broken = metricsOf(
    {},
    {
      durable: {
        tallies: async () => Promise.reject(new Error('disk')),
        positions: async () => [],
        deadLetterCounts: async () => [],
      },
    },
  )
  await assert.rejects(broken.expose(), /disk/)
})

test('a log on other machines that is away, or slow, leaves what was read last, and says so', async () => {
  const answers: (() => Promise<Tally[]>)[] = []
  const held = Promise.withResolvers<Tally[]>()
  const sleeps = Promise.withResolvers<void>()
  const metrics = metricsOf(
    { positions: [{ sink: 'siem', offset: 1, lag: 4, oldestUndeliveredMs: nowMs - 1_000 }] },
    {
      patienceMs: 5_000,
      clock: { ...clock, now: () => nowMs, sleep: () => sleeps.promise },
      durable: {
        tallies: () => answers.shift()?.() ?? Promise.reject(new Error('brokers')),
        positions: async () => [{ sink: 'siem', offset: 1, lag: 4, oldestUndeliveredMs: nowMs - 1_000 }],
        deadLetterCounts: async () => [],
      },
    },
  )
  const events = `cf_audit_new_events_total{foundation="eu1",type="${unauthorized}",mode="live"}`
  const both = async () => [await value(metrics, 'cf_audit_log_up'), await value(metrics, events)]
  assert.deepEqual(await both(), [0, undefined], 'before it was ever read nothing is made up')
  answers.push(async () => [tally({ count: 3 })])
  assert.deepEqual([await value(metrics, 'cf_audit_log_up')], [1])
  assert.deepEqual(await both(), [0, 3])
  answers.push(() => held.promise)
  sleeps.resolve()
  assert.deepEqual(await both(), [0, 3], 'too slow')
  held.resolve([tally({ count: 4 })])
  await held.promise
  assert.equal(await value(metrics, events), 4, 'what came late is shown by the next')
})

test('scrapes that meet give one and the same reading', async () => {
  let readings = 0
  const metrics = metricsOf(
    {},
    {
      durable: {
        tallies: async () => [tally({ count: ++readings })],
        positions: async () => [],
        deadLetterCounts: async () => [],
      },
    },
  )
  const [a, b] = await Promise.all([metrics.expose(), metrics.expose()])
  assert.equal(readings, 1)
  assert.equal(a.text, b.text)
})

test('what a sink lost is shown with 0 from when a foundation is its, and one that it has again loses nothing of it', async () => {
  const metrics = metricsOf()
  const labels = '{sink="siem",foundation="not-configured"}'
  const shown = async () => [
    await value(metrics, `cf_audit_sink_lost_total${labels}`),
    await value(metrics, `cf_audit_sink_last_loss_timestamp_seconds${labels}`),
  ]
  assert.deepEqual(await shown(), [undefined, undefined])
  metrics.sink('siem').reads(['not-configured'])
  assert.deepEqual(await shown(), [0, 0])
  metrics.sink('siem').lost('not-configured', 7, nowMs)
  metrics.sink('siem').reads(['not-configured', 'eu1'])
  assert.deepEqual(await shown(), [7, nowMs / 1_000])
})

test('two processes in one (tests, the demo) do not share a registry', async () => {
  metricsOf().sink('siem').delivered(5, nowMs)
  assert.equal(await value(metricsOf(), 'cf_audit_delivered_total{sink="siem"}'), 0)
})

test('where the log is and what it promises is a metric', async () => {
  const metrics = metricsOf({}, { log: { on: 'kafka', delivery: 'at-least-once' } })
  assert.equal(await value(metrics, 'cf_audit_log_info{on="kafka",delivery="at-least-once"}'), 1)
})

test('the README lists every metric there is, with its type and labels', async () => {
  const metrics = metricsOf({}, { hasSchemaRegistry: true })
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const listed = [...readme.matchAll(/^\| `(cf_audit_\w+)` +\| (\w+) +\|/gm)].map(
    match => `${match[1]} ${match[2]}`,
  )
  const made = (await metrics.registry.getMetricsAsJSON())
    .filter(metric => metric.name.startsWith('cf_audit_') && metric.name !== 'cf_audit_build_info')
    .map(metric => `${metric.name} ${metric.type}`)
  assert.deepEqual(listed.toSorted(), made.toSorted())
})

test('promtool finds nothing to say about a scrape', async t => {
  if (!hasPromtool(t)) return
  const metrics = metricsOf({ tallies: [tally({})] })
  metrics.foundation('eu1').ingested(3)
  metrics.foundation('eu1').seesEverything(true)
  metrics.foundation('eu1').clockSkew(-1)
  metrics.foundation('eu1').rateLimitRemaining(100)
  const { text } = await metrics.expose()
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })
  assert.equal(`${stdout}${stderr}`, '')
  assert.equal(status, 0)
})

function hasPromtool(t: TestContext): boolean {
  if (spawnSync('promtool', ['--version']).status === 0) return true
  const how = 'promtool is not installed: apt-get install prometheus'
  if (process.env['REQUIRE_PEERS'] === '1') assert.fail(how)
  t.skip(how)
  return false
}

test('a foundation that is no longer configured has no series', async () => {
  const { text } = await metricsOf({ tallies: [tally({ foundation: 'gone' })] }).expose()
  assert.doesNotMatch(text, /foundation="gone"/)
})

test('a foundation that another process polls has no series but whether it is led and how often it was fenced', async () => {
  const metrics = metricsOf({
    tallies: [tally({}), tally({ foundation: 'us1' })],
    letters: [{ foundation: 'eu1', origin: 'poller', count: 2 }],
  })
  const eu1 = metrics.foundation('eu1')
  eu1.pollSucceeded(nowMs, 250)
  eu1.request(429)
  eu1.seesEverything(true)
  eu1.clockSkew(-1)
  eu1.rateLimitRemaining(100)
  eu1.windowsClosed(7)
  eu1.fenced()
  const seriesOf = async (foundation: string) =>
    (await metrics.expose()).text.split('\n').filter(line => line.includes(`foundation="${foundation}"`))
  const before = await seriesOf('eu1')
  eu1.leading(false)
  eu1.request(200)
  assert.deepEqual(await seriesOf('eu1'), [
    'cf_audit_leading{foundation="eu1"} 0',
    'cf_audit_fenced_total{foundation="eu1"} 1',
  ])
  assert.ok((await seriesOf('us1')).includes('cf_audit_leading{foundation="us1"} 1'))
  eu1.leading(true)
  const after = await seriesOf('eu1')
  const named = (lines: readonly string[]) => new Set(lines.map(line => line.replace(/ \S+$/, '')))
  const known = [/sees_everything/, /clock_skew/, /ratelimit/, /code="429"/]
  assert.deepEqual(named(after), named(before.filter(line => !known.some(one => one.test(line)))))
  assert.ok(
    after.includes('cf_audit_windows_closed_total{foundation="eu1"} 0'),
    'counted from the checkpoint again',
  )
})

test('the event loop is told to be as busy as it was since the last scrape, and nothing is told that counts its own rests', async () => {
  // Before the first turn of the loop nothing is counted.
  await systemClock.sleep(1)
  const metrics = metricsOf()
  await metrics.expose()
  const startedMs = systemClock.monotonic()
  while (systemClock.monotonic() - startedMs < 50);
  const busy = await value(metrics, 'nodejs_eventloop_utilization_ratio')
  assert.ok(busy !== undefined && busy > 0.5 && busy <= 1, String(busy))
  assert.equal(await value(metrics, 'nodejs_eventloop_lag_p99_seconds'), undefined)
})

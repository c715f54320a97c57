import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { foundationNameFromApi, isLoopback } from './api-url.ts'
import { parseByteSize } from './byte-size.ts'
import { Complaint } from './complaint.ts'
import { formatDuration, parseDuration } from './duration.ts'
import { interpolate } from './interpolate.ts'
import { loadConfig } from './load-config.ts'
import { namePattern, parseName } from './name.ts'
import { nearestName } from './nearest-name.ts'

const anyTime = { min: '0ms', max: '999999999999d', example: '1s' }
const anySize = { min: '0', max: '999999999999TiB', example: '1KiB' }

test('every duration is read back as it was written', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), ms => {
      assert.equal(parseDuration(formatDuration(ms), anyTime), ms)
    }),
  )
  assert.deepEqual(
    ['90s', '1h', '31d', '250ms'].map(text => parseDuration(text, anyTime)),
    [90_000, 3_600_000, 2_678_400_000, 250],
  )
})

test('what is no duration or no size is refused', () => {
  for (const text of ['', '10', '10 s', '-1s', '1.5h', '1S', 's', '1h30m', 'Infinitys', 10, null, {}]) {
    assert.ok(parseDuration(text, anyTime) instanceof Complaint, String(text))
  }
  for (const text of ['', '1KB', '1.5GiB', '-1', 'KiB', -1, 0.5, Number.NaN, null]) {
    assert.ok(parseByteSize(text, anySize) instanceof Complaint, String(text))
  }
  assert.deepEqual(
    ['1KiB', '3', 7, '2GiB', '5B'].map(text => parseByteSize(text, anySize)),
    [1024, 3, 7, 2 ** 31, 5],
  )
})

test('limits are inclusive', () => {
  const limits = { min: '1s', max: '5m', example: '10s' }
  assert.deepEqual([parseDuration('1s', limits), parseDuration('300s', limits)], [1000, 300_000])
  assert.ok(parseDuration('999ms', limits) instanceof Complaint)
  assert.ok(parseDuration('301s', limits) instanceof Complaint)
})

test('text without a dollar and a brace stays as it is, and an escaped reference is never filled in', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      if (!text.includes('$' + '{')) assert.equal(interpolate(text, {}).text, text)
      const escaped = interpolate(text.replaceAll('$', '').concat('$$', '{A}'), { A: 'secret' })
      assert.deepEqual([escaped.text.endsWith('$' + '{A}'), escaped.names], [true, []])
    }),
  )
})

test('what a variable holds is not read for references again', () => {
  const result = interpolate('$' + '{A}', { A: '$' + '{B}', B: 'x' })
  assert.deepEqual([result.text, result.names], ['$' + '{B}', ['A']])
})

test('a reference that is not closed or has no name is told', () => {
  for (const text of ['$' + '{', '$' + '{A', '$' + '{}', '$' + '{a b}', '$' + '{1}']) {
    assert.notEqual(interpolate(text, { A: 'x' }).malformed, null, text)
  }
})

test('a name is guessed when it is near, and not when it is far', () => {
  const known = ['clientId', 'clientSecret', 'pollInterval', 'api']
  assert.equal(nearestName('client_id', known), 'clientId')
  assert.equal(nearestName('pollintervall', known), 'pollInterval')
  assert.equal(nearestName('clientSecrets', known), 'clientSecret')
  assert.equal(nearestName('kafka', known), undefined)
})

test('the name made from any API host is a good name', () => {
  assert.equal(foundationNameFromApi('https://api.sys.example.com'), 'sys.example.com')
  assert.equal(foundationNameFromApi('http://127.0.0.1:8080'), '127.0.0.1')
  fc.assert(
    fc.property(fc.webUrl({ validSchemes: ['https'] }), url => {
      assert.match(foundationNameFromApi(url), new RegExp(namePattern))
    }),
  )
})

test('the name offered instead of a bad one is a good one', () => {
  fc.assert(
    fc.property(fc.string(), text => {
      const parsed = parseName(text)
      const good = parsed instanceof Complaint ? parsed.instead : parsed
      assert.match(good, new RegExp(namePattern))
    }),
  )
})

test('loopback is this machine and nothing that only begins like it', () => {
  assert.deepEqual(['127.0.0.1', '127.1.2.3', '[::1]', 'localhost'].map(isLoopback), [true, true, true, true])
  assert.deepEqual(['127.0.0.1.example.com', 'localhost.example.com', '10.0.0.1', '[::2]'].map(isLoopback), [
    false,
    false,
    false,
    false,
  ])
})

test('whatever the file says, loading ends with a configuration or with faults, never with an exception', () => {
  const fragment = fc.constantFrom(
    'foundations',
    'sinks',
    'api',
    'name',
    'url',
    'log',
    'scrub',
    'log: {kafka: {',
    'brokers',
    'tls',
    'sasl',
    'toString',
    ': ',
    '- ',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    '&a',
    '*a',
    '$' + '{A}',
    '"',
    "'",
    '|',
    '<<',
    '!!map',
    '? ',
    'syslog://h:1',
    'https://h',
    '#',
    '\t',
    '---',
    '1',
    'null',
    '__proto__',
  )
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), fc.string(), (parts, noise) => {
      for (const text of [parts.join(''), parts.join(' '), noise]) {
        const result = loadConfig({ file: { path: 'x', text }, env: {}, readFile: () => '' })
        assert.ok(
          'config' in result || result.faults.every(fault => fault.where !== '' && fault.instead !== ''),
        )
      }
    }),
    { numRuns: 1000 },
  )
})

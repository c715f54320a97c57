import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultsOf, good, told } from './loading-for-tests.ts'

test('one setting given in the url and beside it is a fault', () => {
  const [fault] = faultsOf('sinks: [{name: a, format: cef, url: "syslog://h:1?format=json"}]')
  assert.equal(fault?.path, 'sinks[0].format')
})

test('a wrong option in a url is told at the url', () => {
  assert.deepEqual(told(undefined, { SINK_URL: 'syslog://h:1?format=xml&facility=99' }), [
    'environment variable SINK_URL | sinks[0].format | must be one of cef, json, but is "xml" | write ?format=cef | json',
    'environment variable SINK_URL | sinks[0].facility | must be a whole number from 0 to 23, but is "99" | write ?facility=13',
  ])
})

test('every option of a url that is unknown, given twice or wrong is told at once', () => {
  const url = 'syslog://h:1?fromat=json&facility=99&framing=lf&framing=lf&nonsense=1&fromat=cef'
  const at = 'environment variable SINK_URL | sinks[0]'
  assert.deepEqual(told(undefined, { SINK_URL: url }), [
    `${at}.url | has an unknown option "fromat" | did you mean syslog://h:1?format=…?`,
    `${at}.url | gives the option framing twice | give framing once`,
    `${at}.url | has an unknown option "nonsense" | the options are format, framing, caFile, certFile, keyFile, serverName, minVersion, maxMessageBytes, facility, confirmTimeout, avoidEquals, leadingSpace`,
    `${at}.facility | must be a whole number from 0 to 23, but is "99" | write ?facility=13`,
  ])
})

test('urls that are no sink are faults', () => {
  for (const url of [
    'syslog://h',
    'syslog-tls://h?format=cef',
    'siem.example.com:514',
    'udp://h:1',
    'syslog://',
    'syslog://h:0',
    'syslog://h:99999',
    'syslog://u:p@h:1',
    'syslog://h:1/x',
    'syslog://h:1?format=cef&format=json',
    'http://h:1',
  ]) {
    assert.equal(faultsOf(undefined, { SINK_URL: url })[0]?.path, 'sinks[0].url', url)
  }
  assert.equal(good(undefined, { SINK_URL: 'syslog://[::1]:5514' }).sinks[0]?.host, '::1')
  assert.deepEqual(told(undefined, { SINK_URL: 'syslog://10.0.0.1' }), [
    'environment variable SINK_URL | sinks[0].url | names no port | write SINK_URL=syslog://10.0.0.1:514',
  ])
  assert.deepEqual(told(undefined, { SINK_URL: 'syslog-tls://siem?format=cef' }), [
    'environment variable SINK_URL | sinks[0].url | names no port | write SINK_URL=syslog-tls://siem:6514',
  ])
})

test('a client certificate needs its own key', () => {
  const sink = (tls: string) => `sinks: [{name: a, url: "syslog-tls://h:6514", tls: ${tls}}]`
  assert.equal(good(sink('{certFile: /ca.pem, keyFile: /key.pem}')).sinks[0]?.tls?.keyFile, '/key.pem')
  assert.match(told(sink('{certFile: /ca.pem}'))[0] ?? '', /is given without keyFile/)
  assert.match(told(sink('{certFile: /ca.pem, keyFile: /other-key.pem}'))[0] ?? '', /is not the key of/)
  assert.match(
    told(sink('{certFile: /key.pem, keyFile: /ca.pem}')).join(),
    /holds no PEM certificate.*holds no PEM private key/s,
  )
})

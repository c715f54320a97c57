import assert from 'node:assert/strict'
import { test } from 'node:test'
import { masked, member, scrubbedMark as S, scrub } from '../../test/scrubbing.ts'

/** The value of `note` in the annotations, after scrubbing. */
const note = (value: string): string => {
  const { text } = scrub({ request: { metadata: { annotations: { note: value } } } })
  return JSON.parse(text).request.metadata.annotations.note
}
const crash = (value: string): string =>
  JSON.parse(scrub({ exit_description: value }, 'app.crash').text).exit_description

test('of a URL the secrets go; scheme, host, path and names stay', () => {
  for (const [url, expected] of [
    ['https://u:p@h/x', `https://u:${S}@h/x`],
    ['https://ghp_token@github.com/a/b.git', `https://${S}@github.com/a/b.git`],
    ['https://tok3n:@h/', `https://${S}:@h/`],
    ['https://tok3n:x-oauth-basic@h/', `https://${S}:x-oauth-basic@h/`],
    ['https://u:p@ss@h/', `https://u:${S}@h/`],
    ['https://u:pa/ss@h/', `https://u:${S}@h/`],
    ['https://u:pa?ss#1@h/', `https://u:${S}@h/`],
    ['postgres://u:p@[::1]:5432/db', `postgres://u:${S}@[::1]:5432/db`],
    ['HTTPS://u:p@h', `HTTPS://u:${S}@h`],
    ['see https://u:p@h/x, and http://v:q@i.', `see https://u:${S}@h/x, and http://v:${S}@i.`],
    [
      'jdbc:postgresql://h/db?user=u&password=p&ssl=true',
      `jdbc:postgresql://h/db?user=u&password=${S}&ssl=true`,
    ],
    [
      'https://h/?X-Amz-Signature=abc&page=2#access_token=x',
      `https://h/?X-Amz-Signature=${S}&page=2#access_token=${S}`,
    ],
    ['https://h/?sig=a;key=b', `https://h/?sig=${S};key=${S}`],
    ['ssh://git@github.com/a/b.git', 'ssh://git@github.com/a/b.git'],
    ['https://h:8443/p/@scope/x?page=2', 'https://h:8443/p/@scope/x?page=2'],
    ['https://[::1]:80/a@b', 'https://[::1]:80/a@b'],
    ['https://h/?a=1&b=', 'https://h/?a=1&b='],
    ['docker://registry.example.com/bp', 'docker://registry.example.com/bp'],
    ['://u:p@h', '://u:p@h'],
  ])
    assert.equal(masked(String(member('url', url))), expected)
})

test('of a drain URL every value of the query goes, and what looks like a token in the path', () => {
  for (const [url, expected] of [
    ['https://h/?foo=bar&x', `https://h/?foo=${S}&${S}`],
    [
      'syslog-tls://h:6514?drain-data=all&drain-type=logs',
      'syslog-tls://h:6514?drain-data=all&drain-type=logs',
    ],
    ['https://h/inputs/0f8fad5b-d9cb-469f-a165-70867728950e/tag', `https://h/inputs/${S}/tag`],
    ['https://h/api/v2/logs', 'https://h/api/v2/logs'],
  ]) {
    assert.equal(masked(String(member('syslog_drain_url', url))), expected)
    assert.equal(masked(String(member('route_service_url', url))), expected)
  }
})

test('what is a secret beyond doubt is found in any string', () => {
  const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl'
  for (const [text, expected] of [
    [`got ${jwt} back`, `got ${S} back`],
    ['id AKIAIOSFODNN7EXAMPLE.', `id ${S}.`],
    ['a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b', `a ${S} b`],
    ['a -----BEGIN PRIVATE KEY-----\nMIIcut', `a ${S}`],
    [
      '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----',
      '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----',
    ],
    ['Authorization: Bearer abcdef123456', `Authorization: Bearer ${S}`],
    ['curl -H "Authorization: Basic dTpwYXNz"', `curl -H "Authorization: Basic ${S}"`],
    ['password=hunter2, next', `password=${S}, next`],
    ['--token abc --user bob', `--token ${S} --user bob`],
    ['{"password":"a\\"b","n":1}', `{"password":"${S}","n":1}`],
    ['{"password": {"type": "string"}}', '{"password": {"type": "string"}}'],
    [
      'password=$DB_PASSWORD token=$(TOKEN) secret=((db))',
      'password=$DB_PASSWORD token=$(TOKEN) secret=((db))',
    ],
    ['basic authentication, bearer of news', 'basic authentication, bearer of news'],
    ['token_type=bearer', 'token_type=bearer'],
  ])
    assert.equal(masked(String(member('description', text))), expected)
})

test('what a crash or a build says is searched for phrases', () => {
  for (const [text, expected] of [
    ['Exited: login failed for hunter2', `Exited: login failed for ${S}`],
    ["authentication failed for user 'bob'", `authentication failed for user '${S}'`],
    ['invalid token Zx81Kq02LmPp77aa', `invalid token ${S}`],
    ['got aB3dE5gH7jK9mN1pQ3sT from x', `got ${S} from x`],
    [
      'APP/PROC/WEB: Exited with status 137 (out of memory)',
      'APP/PROC/WEB: Exited with status 137 (out of memory)',
    ],
    ['CEF:0|x|y|z|1|fake|10|', 'CEF:0|x|y|z|1|fake|10|'],
    [
      'java.lang.NullPointerException at com.example.Foo$Bar1',
      'java.lang.NullPointerException at com.example.Foo$Bar1',
    ],
    [
      'instance 0f8fad5b-d9cb-469f-a165-70867728950e lost',
      'instance 0f8fad5b-d9cb-469f-a165-70867728950e lost',
    ],
  ])
    assert.equal(masked(crash(text ?? '')), expected)
})

test('annotations and labels are kept unless they look like a secret', () => {
  for (const kept of [
    'x',
    'prod',
    'team-payments-eu1',
    'bob@corp.example.com',
    'Erika.Mueller+ops@corp.example.com',
    '0f8fad5b-d9cb-469f-a165-70867728950e',
    '3bbba9069812345678901234567890abcdef1234',
    '2026-11-22T03:28:23Z',
    'registry.example.com/team/app:1.2.3',
    'com.example.payments.PaymentService',
    'https://wiki.example.com/Page_1',
    'Owned by the payments team, see PAY-1234',
    'z'.repeat(5000),
    'Zürich-Überweisungen-2026',
    'line1\nline2\r\nline3?',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'PaymentsServiceOwners',
  ])
    assert.equal(note(kept), kept)
  for (const [text, expected] of [
    ['Hunter2-is-my-Secret', S],
    ['0123456789abcdef0123456789abcdef', S],
    ['dGhpcyBpcyBhIHNlY3JldCBLZXk=', `${S}=`],
    ['use aB3dE5gH7jK9mN1p for it', `use ${S} for it`],
    ['password: hunter2', `password: ${S}`],
  ])
    assert.equal(masked(note(text ?? '')), expected)
  assert.equal(
    masked(scrub({ labels: { token: 'x', env: 'prod', command: 'y' } }).text),
    `{"labels":{"token":"${S}","env":"prod","command":"y"}}`,
  )
})

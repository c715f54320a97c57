import assert from 'node:assert/strict'
import { test } from 'node:test'
import { masked, scrubbedMark as S, scrub } from '../../test/scrubbing.ts'

/** Long and mixed, as a token; and as people choose them. */
const token = 'Sup3rSecretValue99'
const word = 'hunterhunter'

/** An event's data with a secret, and the data that is left of it. */
type Case = readonly [type: string, data: unknown, expected: unknown]

function check(cases: readonly Case[]): void {
  for (const [type, data, expected] of cases) {
    const { text } = scrub(data, type)
    assert.equal(scrub(JSON.parse(text), type).text, text, `twice: ${text}`)
    assert.deepEqual(JSON.parse(masked(text)), expected, `${type} ${JSON.stringify(data)}`)
  }
}

const said = (text: string, left: string): Case => [
  'app.crash',
  { exit_description: text },
  { exit_description: left },
]
const drain = (url: string, left: string): Case => [
  'audit.user_provided_service_instance.create',
  { request: { syslog_drain_url: url, route_service_url: url } },
  { request: { syslog_drain_url: left, route_service_url: left } },
]
const lifecycle = (buildpack: string) => ({ request: { lifecycle: { data: { buildpacks: [buildpack] } } } })
const manifest = (yaml: string, left: string): Case => [
  'audit.app.apply_manifest',
  { request: { manifest: yaml } },
  { request: { manifest: left } },
]

test('a password in a URL without a scheme goes where a URL is expected', () => {
  check([
    ['audit.app.create', lifecycle(`user:${word}@git.h/x`), lifecycle(`user:${S}@git.h/x`)],
    ['audit.app.create', lifecycle('//user:a/b@git.h/x'), lifecycle(`//user:${S}@git.h/x`)],
    ['audit.app.package.create', { data: { image: `u:${word}@reg/x` } }, { data: { image: `u:${S}@reg/x` } }],
    ['audit.service_broker.update', { broker_url: `u:${word}@b` }, { broker_url: `u:${S}@b` }],
    manifest(`a:\n- docker: {image: "u:${word}@reg/x"}\n`, `a:\n- docker: {image: "u:${S}@reg/x"}\n`),
    manifest(`a:\n- buildpacks: ["u:${word}@reg/x"]\n`, `a:\n- buildpacks: ["u:${S}@reg/x"]\n`),
    drain(`u:${word}@logs.h`, `u:${S}@logs.h`),
  ])
})

test('what only looks like such a password stays', () => {
  for (const image of [
    'nginx:1.25@sha256:9f86d081884c7d659a2feaa0c55ad015',
    'registry.example.com:5000/team/app@sha256:9f86d081884c7d659a2feaa0c55ad015',
    'git@github.com:team/app.git',
    'ruby_buildpack',
    'cloudfoundry/diego-docker-app:latest',
  ])
    check([['audit.app.package.create', { image, buildpacks: [image] }, { image, buildpacks: [image] }]])
})

test('of a drain URL only well-known words of the path stay, with a scheme or without', () => {
  check([
    drain(`logs.h/ingest/${token}?t=${word}`, `logs.h/ingest/${S}?t=${S}`),
    drain(`https://logs.h/${word}`, `https://logs.h/${S}`),
    drain(`https://logs.h/v1/input/${word}x${word}`, `https://logs.h/v1/input/${S}`),
    drain('https://logs.h/services/collector/raw', 'https://logs.h/services/collector/raw'),
    drain('https://logs.h/loki/api/v1/push', 'https://logs.h/loki/api/v1/push'),
    drain('https://logs.h/cf-logs/a1b', `https://logs.h/${S}/a1b`),
    drain('logs.h:6514', 'logs.h:6514'),
  ])
})

test('what a program said is read for passwords as people and command lines write them', () => {
  check([
    said('Password is "hunter2hunter"', `Password is "${S}"`),
    said('password was hunter2x.', `password was ${S}`),
    said("wrong password 'a b'", `wrong password '${S}'`),
    said('config {"dbpass":"hunter2x"} bad', `config {"dbpass":"${S}"} bad`),
    said('{"mysql_pwd":"a b","db_pass":"c"}', `{"mysql_pwd":"${S}","db_pass":"${S}"}`),
    said('env: DB_PASS=hunter2x MYSQL_PWD=abc', `env: DB_PASS=${S} MYSQL_PWD=${S}`),
    said('mysql -uroot -phunter2x failed', `mysql -uroot -p${S} failed`),
    said('docker login -u u -p hunter2 reg.h', `docker login -u u -p ${S} reg.h`),
    said('redis-cli -a hunter2 ping', `redis-cli -a ${S} ping`),
    said('curl -u admin:hunter2x https://x', `curl -u admin:${S} https://x`),
    said('curl --user "admin:a b" https://x', `curl --user "admin:${S}" https://x`),
    said('password="a b" c', `password="${S}" c`),
    said('password=a b', `password=${S} b`),
    said('Server=db;Pwd=hun;ter2x;Uid=u;', `Server=db;Pwd=${S};Uid=u;`),
    said('password=a, next', `password=${S}, next`),
    ['audit.app.process.crash', { reason: 'curl -u a:hunter2 h' }, { reason: `curl -u a:${S} h` }],
    ['audit.app.build.failed', { error_message: 'mysql -phunter2' }, { error_message: `mysql -p${S}` }],
  ])
})

test('what a program said of no password stays', () => {
  for (const text of [
    'password is invalid, token was expired',
    "SyntaxError: Unexpected token '}' in JSON",
    'docker run -u 1000:1000 -p 8080:80 x',
    'mkdir -p dir; mysql -p db',
    'the secret is out of date',
  ])
    check([said(text, text)])
})

test('names of members are read in any spelling, and an object of environment variables is secret anywhere', () => {
  check([
    [
      'audit.app.deployment.create',
      { request: { options: { env: { A: word } }, environment_variables: { A: [word, 1] } } },
      { request: { options: { env: { A: S } }, environment_variables: { A: [S, S] } } },
    ],
    ['audit.service_binding.create', { Parameters: { a: word } }, { Parameters: { a: S } }],
    ['audit.app.update', { environmentVariables: { a: word } }, { environmentVariables: { a: S } }],
    ['audit.app.update', { 'Syslog-Drain-Url': `h/${word}` }, { 'Syslog-Drain-Url': `h/${S}` }],
    ['audit.app.update', { labels: { env: 'production' } }, { labels: { env: 'production' } }],
  ])
})

test('keys of a manifest in any spelling, any style and any type of YAML', () => {
  check([
    manifest('a:\n- ENV: {A: hunter2x}\n', `a:\n- ENV: {A: "${S}"}\n`),
    manifest('a:\n- Docker: {image: i, x: y}\n', `a:\n- Docker: {image: i, x: "${S}"}\n`),
    manifest('a:\n- ? [env]\n  : {A: hunter2x}\n', `a:\n- ? [env]\n  : {A: "${S}"}\n`),
    manifest('a:\n- !!binary ZW52: {A: hunter2x}\n', `a:\n- !!binary ZW52: {A: "${S}"}\n`),
    manifest('k: &k env\na:\n- *k : {A: hunter2x}\n', `k: &k env\na:\n- *k : {A: "${S}"}\n`),
    manifest('a: {parameters: !!set {? hunter2x}}\n', `a: {parameters: !!set {? "${S}"}}\n`),
    manifest('a: {parameters: {hunter2x, b: c}}\n', `a: {parameters: {"${S}", b: "${S}"}}\n`),
    manifest('a:\n- parameters: !!set\n    ? hunter2x\n', `a:\n- parameters: !!set\n    ? "${S}"\n`),
    manifest('a: !!str b\n!!str c: d\n', 'a: !!str b\n!!str c: d\n'),
  ])
})

test('of a type nobody knows every run of 8 characters that is not plainly harmless goes', () => {
  const type = 'audit.moon.land'
  for (const harmless of [
    'web',
    'cflinuxfs4',
    'team-payments-eu1',
    'v3.228.0',
    '1024MB',
    '2026-11-22T03:28:23Z',
    '0f8fad5b-d9cb-469f-a165-70867728950e',
    '3bbba9069812345678901234567890abcdef1234',
    'bob@corp.example.com',
    'Landed on the moon, and nobody was hurt!',
    'true',
    'PaymentsServiceOwners',
    'https://api.example.com/v3/apps',
    'git@github.com:team/app.git',
  ])
    check([[type, { request: { a: [harmless] } }, { request: { a: [harmless] } }]])
  check([
    [type, { request: { foo: token, bar: 'hunter2hunter2' } }, { request: { foo: S, bar: S } }],
    [type, { request: { a: 'ops / Winter2026!' } }, { request: { a: `ops / ${S}` } }],
    [
      type,
      { a: `u:${word}@reg/x`, b: `https://h/${word}?a=b` },
      { a: `u:${S}@reg/x`, b: `https://h/${S}?a=${S}` },
    ],
    [
      type,
      { a: 'curl -u a:hunter2 h', message: 'password is "a b"' },
      { a: `curl -u a:${S} h`, message: `password is "${S}"` },
    ],
    [type, { a: 'f00f'.repeat(8), n: 5 }, { a: S, n: 5 }],
    [
      type,
      { url: `u:${word}@h`, image: token, env: { a: 'b' } },
      { url: `u:${S}@h`, image: S, env: { a: S } },
    ],
  ])
})

test('a text with more secrets than anybody puts into one is replaced whole', () => {
  check([said('password=a '.repeat(1001), S)])
})

test('what stands for a secret elsewhere ends no password that has it in it', () => {
  check([
    [
      'audit.app.package.create',
      { data: { image: 'password=ab;***Tail9secret' } },
      { data: { image: `password=${S}` } },
    ],
    said('password=ab;***Tail9secret', `password=${S}`),
    said('Pwd=a1,***Zz9;Uid=u', `Pwd=${S};Uid=u`),
  ])
})

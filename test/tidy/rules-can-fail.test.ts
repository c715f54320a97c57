import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Exceptions, noExceptions } from './rule.ts'
import { rules } from './rules.ts'
import { type Tree, treeOf } from './tree.ts'

/**
 * Goal: each rule finds the fault it is there for, finds one fault and not two, and finds none in a small house in
 * order. Method: the small house, and one change of it per row.
 */

type Files = Readonly<Record<string, string>>

const json = (value: unknown) => JSON.stringify(value)
const workspace = (name: string, dependencies: readonly string[] = []) =>
  json({
    name,
    exports: { '.': './src/index.ts' },
    dependencies: Object.fromEntries(dependencies.map(dependency => [dependency, '1.0.0'])),
  })

const house: Files = {
  'package.json': json({
    scripts: { test: "node --test 'packages/*/src/**/*.test.ts'", bench: 'node packages/b/src/bench.ts' },
    devDependencies: { 'fast-check': '4.0.0' },
  }),
  'package-lock.json': json({
    packages: { 'node_modules/undici': {}, 'packages/a': { dependencies: { undici: '1' } } },
  }),
  'CHANGELOG.md': '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- b\n\n## [1.0.0] - 2026-01-31\n',
  'packages/a/package.json': workspace('@cf-audit-drain/a', ['undici']),
  'packages/a/README.md':
    'Fetches, by `undici`. See [b](../b/README.md#what-b-does) and [its code](../b/src/).\n',
  'packages/a/src/index.ts': "export { fetchIt } from './fetch-it.ts'\nexport * as codec from './codec.ts'\n",
  'packages/a/src/fetch-it.ts':
    "import { request } from 'undici'\nexport const fetchIt = () => request('')\n",
  'packages/a/src/codec.ts': 'export const encode = (text: string) => text\n',
  'packages/b/package.json': workspace('@cf-audit-drain/b', ['@cf-audit-drain/a']),
  'packages/b/README.md': '# b\n\n## What b does\n\n```\n[not a link](nowhere.md)\n```\n',
  'packages/b/src/index.ts': "import { fetchIt } from '@cf-audit-drain/a'\nexport const b = fetchIt\n",
  'packages/b/src/bench.ts': "import { b } from './index.ts'\nawait b()\n",
  'packages/b/src/b.test.ts': "import fc from 'fast-check'\nimport { b } from './index.ts'\nb(fc)\n",
  'services/x/package.json': workspace('x', ['@cf-audit-drain/b']),
  'services/x/README.md': 'x\n',
  'services/x/src/index.ts': "import { b } from '@cf-audit-drain/b'\nb()\n",
  'services/y/package.json': workspace('y'),
  'services/y/README.md': 'y\n',
  'services/y/src/index.ts': 'export {}\n',
}

function built(changes: Files): Tree {
  const files = Object.entries({ ...house, ...changes })
  return treeOf(files.map(([path, text]) => ({ path, text, bytes: Buffer.byteLength(text) })))
}

interface Fault {
  readonly rule: string
  readonly change: Files
  readonly says: RegExp
  readonly exceptions?: Partial<Exceptions>
}

/** A change of one file that belongs to no workspace in particular. */
const inB = (text: string): Files => ({ 'packages/b/src/bench.ts': text })
const call = (text: string, says: RegExp): Fault => ({
  rule: 'time, chance, printing and exits have one home each',
  change: inB(text),
  says,
})
const silenced = (text: string, says: RegExp): Fault => ({
  rule: 'no type is `any` and no check is silenced without a reason',
  change: inB(text),
  says,
})
const changelog = (text: string, says: RegExp): Fault => ({
  rule: 'CHANGELOG.md has the form that its readers know',
  change: { 'CHANGELOG.md': text },
  says,
})
const undeclared = 'a package imports only what its package.json names, and names only what it imports'
const lock = 'package-lock.json holds every package that one of its packages asks for, and no address'
const pure = 'codecs and encoders import no input or output, not even by way of their neighbours'
const longFunction = 'no function is longer than 70 lines; a listed one may stay, but not grow'
const long = (open: string, close = '}') => inB(`${open}\n${'  step()\n'.repeat(69)}${close}\n`)
const tooLong = (open: string, name: string, close?: string): Fault => ({
  rule: longFunction,
  change: long(open, close),
  says: new RegExp(`bench\\.ts:1: ${name}: 71 lines, at most 70`),
})

const faults: readonly Fault[] = [
  {
    rule: 'services import packages and never each other',
    change: { 'services/x/src/index.ts': "import '@cf-audit-drain/b'\nimport 'y'\n" },
    says: /services\/x\/src\/index\.ts:2: imports y of services\/y/,
  },
  {
    rule: 'packages import neither services nor what lies at the root',
    change: inB("export type { Y } from 'y'\n"),
    says: /bench\.ts:1: imports y of services\/y/,
  },
  {
    rule: 'packages import neither services nor what lies at the root',
    change: inB("import { until } from '../../../test/until.ts'\n"),
    says: /imports \.\.\/\.\.\/\.\.\/test\/until\.ts of the root/,
  },
  {
    rule: 'a package is imported by its name, through its door',
    change: inB("const a = await import('../../a/src/index.ts')\n"),
    says: /bench\.ts:1: imports \.\.\/\.\.\/a\/src\/index\.ts/,
  },
  {
    rule: 'no file imports itself by way of others',
    change: {
      'packages/a/src/codec.ts': "import { fetchIt } from './index.ts'\nexport const encode = fetchIt\n",
    },
    says: /packages\/a\/src\/index\.ts -> packages\/a\/src\/codec\.ts -> packages\/a\/src\/index\.ts/,
  },
  {
    rule: 'no package imports itself by way of others',
    change: { 'packages/a/src/codec.ts': "import type { B } from '@cf-audit-drain/b'\nexport type E = B\n" },
    says: /packages\/a -> packages\/b -> packages\/a/,
  },
  {
    rule: undeclared,
    change: inB("import { stringify } from 'yaml/sub'\n"),
    says: /bench\.ts:1: yaml is not in packages\/b\/package\.json/,
  },
  {
    rule: undeclared,
    change: inB("import fc from 'fast-check'\n"),
    says: /bench\.ts:1: fast-check is not in packages\/b\/package\.json/,
  },
  {
    rule: undeclared,
    change: { 'test/end.test.ts': "import '@cf-audit-drain/a'\nimport 'undici'\n" },
    says: /test\/end\.test\.ts:2: undici is not in package\.json/,
  },
  {
    rule: undeclared,
    change: { 'services/y/package.json': workspace('y', ['@cf-audit-drain/a']) },
    says: /services\/y\/package\.json: nothing imports @cf-audit-drain\/a/,
  },
  {
    rule: lock,
    change: { 'package-lock.json': json({ packages: { a: { optionalDependencies: { 'a-darwin': '1' } } } }) },
    says: /a asks for a-darwin, which is not there/,
  },
  {
    rule: lock,
    change: { 'package-lock.json': json({ packages: { a: { resolved: 'https://a.example/a.tgz' } } }) },
    says: /a has an address/,
  },
  {
    rule: pure,
    change: { 'packages/a/src/codec.ts': "import { connect } from 'node:net'\n" },
    says: /codec\.ts -> node:net/,
  },
  {
    rule: pure,
    change: { 'packages/a/src/codec.ts': "import { fetchIt } from './fetch-it.ts'\n" },
    says: /codec\.ts -> packages\/a\/src\/fetch-it\.ts -> undici/,
  },
  {
    rule: pure,
    change: { 'packages/cef/src/any-name.ts': "export { readFileSync } from 'node:fs'\n" },
    says: /any-name\.ts -> node:fs/,
  },
  {
    rule: 'kafkajs is imported by the Kafka adapter of the log only',
    change: inB("import { Kafka } from 'kafkajs'\n"),
    says: /bench\.ts:1: imports kafkajs/,
  },
  call('const at = Date.now()', /Date\.now is not used here: clock\.now/),
  call('\nconst at = new Date()', /bench\.ts:2: new Date\(\) is not used here/),
  call('const at = new Date\nat', /new Date\(\)/),
  call('performance.now()', /performance\.now .*clock\.monotonic/),
  call('setTimeout(done, 5)', /setTimeout .*clock\.sleep/),
  call('globalThis.setTimeout(done, 5)', /setTimeout/),
  call('await new Promise(resolve => setTimeout(resolve, 5))', /setTimeout/),
  call('setInterval(done, 5)', /setInterval/),
  call("import { scheduler } from 'node:timers/promises'", /node:timers/),
  call("import * as timers from 'timers'", /node:timers/),
  call('Atomics.wait(cell, 0, 0, 5)', /until\(condition/),
  call('`\u0024{console.log(1)}`', /console .*logger/),
  call("process.stdout.write('x')", /process\.stdout\.write/),
  call("process.stderr.write('x')", /process\.stderr\.write/),
  call('const x = 4 / Math.random() / 2', /Math\.random .*Random/),
  call('process.exit(1)', /process\.exit .*exitCode/),
  call("require('node:fs')", /require .*import/),
  {
    rule: 'time, chance, printing and exits have one home each',
    change: {},
    exceptions: { calls: { 'packages/b/src/bench.ts: Date.now': 'measures' } },
    says: /no longer needed under calls/,
  },
  {
    rule: 'a test waits for a condition, not for time',
    change: {
      'packages/b/src/b.test.ts':
        "import fc from 'fast-check'\nimport { b } from './index.ts'\nb(fc)\n" +
        'async function until() {\n  while (b()) await systemClock.sleep(5)\n}\n' +
        'async function kill() {\n  await systemClock.sleep(random() * 5)\n  await systemClock.sleep(500)\n}\n',
    },
    says: /b\.test\.ts:9: waits for a fixed time/,
  },
  silenced('const x: any = 1', /the type any/),
  silenced('const x = [] as any[]', /the type any/),
  silenced('function f(x: Map<string, any>) {}', /the type any/),
  silenced('// @ts-ignore because of the types\nx()', /@ts-ignore: use/),
  silenced('// @ts-expect-error\nx()', /@ts-expect-error without a reason/),
  silenced(
    '// biome-ignore lint/suspicious/noExplicitAny: <explanation>\nx()',
    /biome-ignore without a reason/,
  ),
  silenced('/* biome-ignore lint/x/y */ x()', /biome-ignore without a reason/),
  {
    rule: 'every file is reached from a door, a script or a test',
    change: { 'packages/a/src/island.ts': "import './reef.ts'\n", 'packages/a/src/reef.ts': '' },
    says: /island\.ts: nothing imports it\n.*reef\.ts: nothing imports it/,
  },
  {
    rule: 'every file is reached from a door, a script or a test',
    change: {},
    exceptions: { entryPoints: { 'packages/a/src/gone.ts': 'a program' } },
    says: /gone\.ts under entryPoints does not exist/,
  },
  {
    rule: 'every test is one that `npm test` runs',
    change: { 'packages/b/tests/b.test.ts': '' },
    says: /packages\/b\/tests\/b\.test\.ts: no glob/,
  },
  {
    rule: 'a file is named after its main export, in kebab-case',
    change: { 'packages/a/src/utils.ts': '' },
    says: /utils\.ts: the name says nothing/,
  },
  {
    rule: 'a file is named after its main export, in kebab-case',
    change: { 'packages/a/src/fetchIt.ts': '' },
    says: /fetchIt\.ts: not kebab-case/,
  },
  {
    rule: 'files have an ending this repository knows',
    change: { 'packages/a/src/codec.js': '' },
    says: /codec\.js/,
  },
  {
    rule: 'no source is longer than 400 lines unless listed',
    change: inB('x()\n'.repeat(401)),
    says: /401 lines, at most 400/,
  },
  {
    rule: 'no source is longer than 400 lines unless listed',
    change: inB('x()\n'.repeat(501)),
    exceptions: { longFiles: { 'packages/b/src/bench.ts': 500 } },
    says: /501 lines, at most 500/,
  },
  tooLong('function f(a: number): void {', 'f'),
  tooLong('async function* f<T extends object>(a = () => {}) {', 'f'),
  tooLong('const f = async (a: number): Promise<{ a: 1 } | null> => {', 'f'),
  tooLong('const f = a => {', 'f'),
  tooLong('class C { async #read(at: number): Promise<ReadonlyMap<string, { a: 1 }>> {', '#read', '}}'),
  tooLong('const o = { [Symbol.iterator]() {', '\\(without a name\\)', '}}'),
  tooLong("test('a title', { skip: false }, async () => {", 'test', '})'),
  {
    rule: longFunction,
    change: long('function f() {'),
    exceptions: { longFunctions: { 'packages/b/src/bench.ts#f': 70 } },
    says: /bench\.ts:1: f: 71 lines, at most 70/,
  },
  {
    rule: longFunction,
    change: {},
    exceptions: { longFunctions: { 'packages/b/src/bench.ts#f': 90 } },
    says: /"packages\/b\/src\/bench\.ts#f" is no longer needed under longFunctions/,
  },
  {
    rule: 'no file is larger than 3 MiB unless it is a listed recording',
    change: { 'packages/a/testdata/blob.txt': 'x'.repeat(3 * 1024 * 1024 + 1) },
    says: /blob\.txt: 3145729 bytes, at most 3145728/,
  },
  {
    rule: 'every package and service has a README.md that names each npm dependency',
    change: { 'packages/a/README.md': 'Fetches, by undici-like means.\n' },
    says: /does not say why undici is needed/,
  },
  {
    rule: 'every package and service has a README.md that names each npm dependency',
    change: { 'services/z/package.json': workspace('z') },
    says: /services\/z: no README\.md/,
  },
  {
    rule: 'no file names the host of a package registry',
    change: { 'packages/a/README.md': `undici from https://registry.${'npmjs'}.org/undici\n` },
    says: /README\.md:1: the host/,
  },
  {
    rule: 'no file names a path outside the checkout',
    change: { 'packages/a/README.md': `undici\n\nsee /${'work'}/shared\n` },
    says: /README\.md:3: a path/,
  },
  {
    rule: 'no file names a path outside the checkout',
    change: inB(`open('../../${'shared'}/fixtures')`),
    says: /bench\.ts:1: a path/,
  },
  {
    rule: 'every relative link of a Markdown file leads to a file',
    change: { 'services/y/README.md': 'y\n\nsee [x](../x/CONFIG.md)\n' },
    says: /README\.md:3: \.\.\/x\/CONFIG\.md leads nowhere/,
  },
  {
    rule: 'every relative link of a Markdown file leads to a file',
    change: { 'services/y/README.md': '[b](../../packages/b/README.md#what-b-did)\n' },
    says: /no heading of that name/,
  },
  changelog('## [Unreleased]\n', /the first line is/),
  changelog('# Changelog\n\n## [Unreleased]\n\n### Improved\n', /"### Improved" is no kind of change/),
  changelog('# Changelog\n\n## 1.0.0\n', /no release with its date/),
  changelog('# Changelog\n\n## [1.0.0] - 2026-01-01\n\n## [Unreleased]\n', /Unreleased comes first/),
  changelog('# Changelog\n\n## [1.9.0] - 2026-01-01\n\n## [1.10.0] - 2026-01-01\n', /newest first/),
  changelog('# Changelog\n', /no release and no Unreleased/),
]

test('a small house in order breaks no rule', () => {
  for (const rule of rules) assert.deepEqual(rule.check(built({}), noExceptions), [], rule.name)
})

test('every rule is shown to fail', () => {
  assert.deepEqual(
    rules.map(({ name }) => name).filter(name => !faults.some(({ rule }) => rule === name)),
    [],
  )
})

for (const { rule: name, change, says, exceptions } of faults)
  test(`${name}: finds ${says.source}`, () => {
    const rule = rules.find(one => one.name === name)
    assert.ok(rule, `there is no rule "${name}"`)
    const found = rule.check(built(change), { ...noExceptions, ...exceptions }).join('\n')
    assert.match(found, says)
    assert.equal(found.split('\n').length, says.source.split('\\n').length, found)
  })

/** What only looks like a fault. */
const harmless: readonly string[] = [
  '// Date.now() and console.log, and import x from "y"\n/* setTimeout(done) */',
  "const text = 'Date.now()' + \"console.log\" + `setTimeout(\u0024{b}) import 'y'`",
  'const pattern = /setTimeout\\(["\'`]/g\nconst half = b / 2 / 1',
  'const half = b! / 2 // `\nconst third = (b) / 3',
  'socket.setTimeout(5)\nserver?.setTimeout(5)\nconst o = { setTimeout: 1, any: 2 }',
  'new Date(0).getTime()\nnew Date(clock.now())\nAbortSignal.any([])',
  "import { setImmediate as nextTurn } from 'node:timers/promises'\nawait nextTurn()",
  'process.exitCode = 1\nprocess.stdout.on("error", b)',
  "// @ts-expect-error: the types of node lack it\nx()\n// biome-ignore lint/a/b: the name is the field's own\nx()",
  '// biome-ignore lint/suspicious/noExplicitAny: what the library says\nlet x: any',
  `${long("describe('all', () => {", '})')['packages/b/src/bench.ts']}`,
  `${long('if (b) {')['packages/b/src/bench.ts']}`,
  `${long('for await (const x of y) {')['packages/b/src/bench.ts']}`,
  `${long('const o = b ? f(1) : {')['packages/b/src/bench.ts']}`,
  `${long('class C extends f(1) {')['packages/b/src/bench.ts']}`,
  "const from = import.meta.url\nconst text = `\u0024{`\u0024{'}'}`} import 'y'`\nconst o = { import: 'y' }",
]

for (const text of harmless)
  test(`no rule minds: ${text.split('\n')[0]}`, () => {
    for (const rule of rules) assert.deepEqual(rule.check(built(inB(text)), noExceptions), [], rule.name)
  })

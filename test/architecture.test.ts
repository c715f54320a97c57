import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8')

/** Paths from the root in backquotes, with a slash in them. */
const named = [...page.matchAll(/`((?:packages|services|test|deploy|docs)\/[\w./-]+)`/g)].map(
  ([, path = '']) => path,
)

/** The column "imports" of the table of parts. */
const parts = new Map(
  [...page.matchAll(/^\| `((?:packages|services)\/[\w-]+)` *\|[^|]*\|([^|]*)\|$/gm)].map(
    ([, folder = '', imports = '']) => [folder, [...imports.matchAll(/`([\w-]+)`/g)].map(([, name]) => name)],
  ),
)

test('every file that docs/architecture.md names exists', () => {
  assert.ok(named.length > 30, `only ${named.length} paths were found on the page: is its form still read?`)
  assert.deepEqual(
    named.filter(path => !existsSync(join(root, path))),
    [],
    'mend docs/architecture.md',
  )
})

test('docs/architecture.md names every package and service of the tree', () => {
  const folders = ['packages', 'services'].flatMap(above =>
    readdirSync(join(root, above)).map(name => `${above}/${name}`),
  )
  assert.deepEqual([...parts.keys()].sort(), folders.sort(), 'the table of parts differs from the tree')
})

test('docs/architecture.md says of every package which others it imports', () => {
  for (const [folder, imports] of parts) {
    if (folder.startsWith('services/')) continue
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const ours = Object.keys(dependencies).flatMap(name => /^@cf-audit-drain\/(.*)/.exec(name)?.[1] ?? [])
    assert.deepEqual([...imports].sort(), ours.sort(), `the column "imports" of ${folder}`)
  }
})

test('docs/architecture.md stays one page', () => {
  assert.ok(page.split('\n').length <= 90, `${page.split('\n').length} lines`)
})

test('docs/decisions/README.md lists every page', () => {
  const index = readFileSync(join(root, 'docs/decisions/README.md'), 'utf8')
  const pages = readdirSync(join(root, 'docs/decisions')).filter(name => name !== 'README.md')
  assert.deepEqual(
    pages.filter(name => !index.includes(`](${name})`)),
    [],
  )
})

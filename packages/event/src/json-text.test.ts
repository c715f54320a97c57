import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  applyEdits,
  decodeString,
  editsInSource,
  memberSpan,
  skipSpace,
  valueEnd,
  walkLeaves,
} from './json-text.ts'

const spacedJson = fc
  .tuple(fc.jsonValue(), fc.constantFrom('', ' ', '\n\t'), fc.integer({ min: 0, max: 2 }))
  .map(([value, around, indent]) => around + JSON.stringify(value, null, indent) + around)

test('the end of any JSON value is where its text ends', () => {
  fc.assert(
    fc.property(spacedJson, fc.constantFrom('', ',', ']', '}'), (text, after) => {
      const start = skipSpace(text, 0)
      assert.equal(valueEnd(text.trimEnd() + after, start), text.trimEnd().length)
    }),
  )
})

test('a member is found where JSON.parse finds it, with escapes in its key and the last of duplicates', () => {
  const find = (text: string) => {
    const span = memberSpan(text, 0, 'data')
    return span && text.slice(span.start, span.end)
  }
  assert.equal(find('{"a":{"data":1},"data":{"x":"}\\""} ,"b":2}'), '{"x":"}\\""}')
  assert.equal(find('{"data":1,"d\\u0061ta": 12345678901234567890 }'), '12345678901234567890')
  assert.equal(find('{"a":"\\\\","data":"\\\\\\\\"}'), '"\\\\\\\\"')
  assert.equal(find('{}'), null)
  assert.equal(find('["data",1]'), null)
})

test('every leaf is visited once, in order, with its pointer', () => {
  fc.assert(
    fc.property(spacedJson, text => {
      const seen: [string, unknown][] = []
      walkLeaves(text, 0, () => 0, {
        leaf: (start, end, _mode, pointer) => seen.push([pointer(), JSON.parse(text.slice(start, end))]),
      })
      assert.deepEqual(seen, leavesOf(JSON.parse(text), ''))
    }),
  )
})

function leavesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]]
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return members.flatMap(([key, child]) =>
    leavesOf(child, `${path}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`),
  )
}

test('nesting a million deep is walked without a stack overflow', () => {
  const deep = '['.repeat(1_000_000) + ']'.repeat(1_000_000)
  assert.equal(valueEnd(deep, 0), deep.length)
  walkLeaves(deep, 0, () => 0, { leaf: () => assert.fail('there is no leaf') })
})

test('an edit of a decoded string changes that part of its source and nothing else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(), fc.nat(), fc.boolean(), (value, a, b, escaped) => {
      const start = Math.min(a, b) % (value.length + 1)
      const end = Math.min(value.length, start + (Math.max(a, b) % 5))
      const inner = escaped
        ? [...Array(value.length).keys()]
            .map(i => `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`)
            .join('')
        : JSON.stringify(value).slice(1, -1)
      const source = ` "${inner}" `
      const edits = editsInSource(source, 1, source.length - 1, [{ start, end, text: '"new"\n' }])
      const result = applyEdits(source, edits)
      assert.equal(JSON.parse(result), `${value.slice(0, start)}"new"\n${value.slice(end)}`)
      const [edit] = edits
      assert.ok(edit)
      assert.equal(result.slice(0, edit.start), source.slice(0, edit.start))
      assert.ok(result.endsWith(source.slice(edit.end)))
    }),
  )
})

test('a string is decoded as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), value => {
      const text = JSON.stringify(value)
      assert.equal(decodeString(text, 0, text.length), value)
    }),
  )
})

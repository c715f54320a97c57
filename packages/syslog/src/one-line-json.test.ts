import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneLineJson } from './one-line-json.ts'

test('line ends inside strings become escapes of the same value, and those between tokens spaces', () => {
  const text = '{"a":"x\u0085y\u2028z\u2029\\u2028",\r\n\t"b":9007199254740993}'
  const line = oneLineJson(text)
  assert.equal(line, '{"a":"x\\u0085y\\u2028z\\u2029\\u2028",   "b":9007199254740993}')
  assert.deepEqual(JSON.parse(line), JSON.parse(text))
})

test('JSON on one line stays as it is', () => {
  const text = '{"a": "é\u00a0\\n"}'
  assert.equal(oneLineJson(text), text)
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type CefKey, cefDictionary } from './dictionary.ts'
import { type CefExtension, type CefHeader, cefEncoder, cefPair, encodeCef } from './encode-cef.ts'
import { truncate, truncationMarker } from './truncate.ts'

const header: CefHeader = {
  vendor: 'Cloud Foundry',
  product: 'Audit',
  version: '1.0',
  classId: 'audit.app.create',
  name: 'Created app',
  severity: 3,
}
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom(
      '\\',
      '=',
      '|',
      '\n',
      '\r',
      ' ',
      '\t',
      '\0',
      'a',
      'rt',
      'CEF:0|',
      '\u2028',
      '\u0085',
      '🚀',
      'é',
      '"',
      '[',
      ']',
    ),
  }),
)
const anyExtension = fc.dictionary(fc.constantFrom(...(Object.keys(cefDictionary) as CefKey[])), anyText)

/** Only of text keys, and unlike JSON with no `__proto__`. */
function extensionOf(values: Record<string, string>): CefExtension {
  const entries = Object.entries(values).filter(([key]) => cefDictionary[key as CefKey].type === 'string')
  return Object.fromEntries(entries)
}

/** Strict: exactly seven header pipes, no escape in the header, only `\\ \= \n` in values, one space between pairs. */
function parseCef(line: string): { header: string[]; extension: Record<string, string> } {
  assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/, 'a raw control')
  const parts = /^CEF:0\|([^|\\]*)\|([^|\\]*)\|([^|\\]*)\|([^|\\]*)\|([^|\\]*)\|(\d+)\|(.*)$/su.exec(line)
  assert.ok(parts, `no CEF header: ${line}`)
  const rest = parts[7] ?? ''
  const extension: Record<string, string> = {}
  let at = 0
  while (at < rest.length) {
    const key = /^([A-Za-z0-9]+)=/.exec(rest.slice(at))
    assert.ok(key, `no key at ${at} of ${rest}`)
    at += key[0].length
    let value = ''
    for (; at < rest.length && !/^ [A-Za-z0-9]+=/.test(rest.slice(at)); at++) {
      const c = rest[at] ?? ''
      assert.notEqual(c, '=', `an unescaped = in ${rest}`)
      if (c !== '\\') value += c
      else {
        const escaped = rest[++at] ?? ''
        assert.match(escaped, /[\\=n]/, `the escape \\${escaped}`)
        value += escaped === 'n' ? '\n' : escaped
      }
    }
    const name = key[1] ?? ''
    assert.ok(!(name in extension), `the key ${name} twice`)
    assert.notEqual(value, '', `an empty ${name}`)
    assert.equal(value, value.trim())
    extension[name] = value
    if (at < rest.length) at++
  }
  return { header: parts.slice(1, 7), extension }
}

/** What must come back: the value with controls as spaces, cut to its key's length. */
function expected(values: CefExtension): Record<string, string> {
  const entries = Object.entries(values).map(([key, value]) => {
    const spec = cefDictionary[key as CefKey]
    assert.equal(spec.type, 'string')
    const clean = String(value)
      .trim()
      .replace(/\r\n?/g, '\n')
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
      .trim()
    return [key, truncate(clean, 'maxBytes' in spec ? spec.maxBytes : 0)] as const
  })
  return Object.fromEntries(entries.filter(([, value]) => value !== ''))
}

describe('any values', () => {
  test('come back from a strict parser as they went in', () => {
    fc.assert(
      fc.property(anyExtension, values => {
        const extension = extensionOf(values)
        assert.deepEqual(parseCef(encodeCef(header, extension)).extension, expected(extension))
      }),
      { numRuns: 2_000 },
    )
  })

  test('cannot forge a header field, in the header or anywhere', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (classId, name, msg) => {
        const parsed = parseCef(encodeCef({ ...header, classId, name }, { msg }))
        assert.equal(parsed.header.length, 6)
        assert.match(parsed.header.join(''), /^[ -~]*$/)
        assert.deepEqual(
          Object.keys(parsed.extension).filter(key => key !== 'msg'),
          [],
        )
      }),
      { numRuns: 1_000 },
    )
  })

  test('hold no = at all when that is asked for', () => {
    fc.assert(
      fc.property(anyText, msg => {
        const line = encodeCef(header, { msg, suser: msg }, { avoidEquals: true })
        assert.doesNotMatch(line.replace(/ (suser)=|\|msg=|\|suser=/g, ''), /=/)
      }),
    )
  })

  test('never exceed a limit in bytes after escaping, and stay valid', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 200 }), (value, max) => {
        const encoded = cefEncoder('cs1')(value, max)
        assert.ok(Buffer.byteLength(encoded) <= max)
        if (encoded) parseCef(`CEF:0|a|b|c|d|e|1|cs1=${encoded}`)
      }),
      { numRuns: 2_000 },
    )
  })
})

test('the escapes of the standard: backslash, equals sign, line ends, and no pipe', () => {
  assert.equal(cefPair('msg', ' a\\b=c|d\r\ne\rf\ng\th '), 'msg=a\\\\b\\=c|d\\ne\\nf\\ng h')
  assert.equal(cefPair('msg', 'a=b', { avoidEquals: true }), 'msg=a: b')
})

test('nothing is sent for nothing', () => {
  assert.equal(
    encodeCef(header, { msg: '', act: null, suser: ' \n\0', rt: Number.NaN }),
    'CEF:0|Cloud Foundry|Audit|1.0|audit.app.create|Created app|3|',
  )
})

test('one space after the seventh pipe where it is asked for', () => {
  assert.match(encodeCef(header, { rt: 1 }, { leadingSpace: true }), /\|3\| rt=1$/)
  assert.match(encodeCef(header, { rt: 1 }), /\|3\|rt=1$/)
})

test('a header field loses what would need an escape, and what is not ASCII', () => {
  const line = encodeCef({ ...header, classId: 'a|b\\c\nd', name: 'Größe 🚀', severity: 99 }, {})
  assert.equal(line, 'CEF:0|Cloud Foundry|Audit|1.0|a/b/c d|Gr??e ?|10|')
})

test('a value is cut to the length of its key, in bytes, between code points, and marked where there is room', () => {
  assert.equal(cefPair('externalId', 'x'.repeat(50)), `externalId=${'x'.repeat(40)}`)
  const msg = cefPair('msg', '🚀'.repeat(1_000)).slice('msg='.length)
  assert.ok(Buffer.byteLength(msg) <= 1023 && Buffer.byteLength(msg) > 1015)
  assert.match(msg, /^🚀+…\[truncated\]$/u)
  const long = cefPair('cs1', `${'\\'.repeat(737_000)}`)
  assert.equal(long, `cs1=${'\\\\'.repeat(4_000 - Buffer.byteLength(truncationMarker))}${truncationMarker}`)
})

test('a key the dictionary does not have is refused, by the types and at run time', () => {
  // @ts-expect-error: not in the dictionary
  assert.throws(() => cefPair('rawEvent', 'x'), /'rawEvent' is no CEF key/)
})

test('liblognorm reads what was written', t => {
  if (spawnSync('sh', ['-c', 'command -v lognormalizer']).status !== 0) {
    const text = 'lognormalizer is not installed: apt-get install liblognorm-utils'
    if (process.env['REQUIRE_PEERS'] === '1') throw new Error(text)
    return t.skip(text)
  }
  const folder = mkdtempSync(join(tmpdir(), 'cef-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'rules'), 'version=2\nrule=:%{"name":"f","type":"cef"}%\n')
  const golden: CefExtension[] = [
    { rt: 1795255200123, suser: 'bob@example.com', msg: 'App created' },
    { suser: 'a|b=c\\d "q"', msg: 'line one\nCEF:0|x|y|z|1|fake|10|act=none' },
    {
      suser: 'erika.müller+ops=1@corp.example.com',
      duser: 'Zürich 🏦 支付',
      cs1Label: 'organization_guid',
      cs1: 'x',
    },
    { cs5Label: 'data', cs5: '{"request":{"name":"a\\\\b","k":"x=1 y=2\\n"}}', act: 'update' },
    { msg: 'مدفوعات ends in a backslash\\' },
  ]
  const input = golden.map(extension => `${encodeCef(header, extension, { leadingSpace: true })}\n`).join('')
  const run = spawnSync('lognormalizer', ['-r', join(folder, 'rules'), '-e', 'json'], {
    input,
    encoding: 'utf8',
  })
  const read = run.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).f)
  assert.equal(read.length, golden.length, run.stderr)
  for (const [index, extension] of golden.entries()) {
    const strings = Object.fromEntries(Object.entries(extension).map(([key, value]) => [key, String(value)]))
    assert.equal(read[index].SignatureID, header.classId)
    assert.equal(read[index].Severity, '3')
    assert.deepEqual(read[index].Extensions, strings)
  }
})

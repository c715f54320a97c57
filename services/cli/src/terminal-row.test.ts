import assert from 'node:assert/strict'
import { test } from 'node:test'
import { terminalRow } from './terminal-row.ts'

const stamp = '<110>1 2026-11-01T06:10:58+00:00'
const message =
  `${stamp} simulated 0fdd856c-920f [AUDIT/0] audit.app.map-route [tags@47450 app_id="0fdd856c" foundation="simulated"] ` +
  'CEF:0|Cloud Foundry|Audit|1.0|audit.app.map-route|Mapped a route to app|3|rt=1793513458000 act=map-route suser=wendy@example.com'

test('a message longer than the row shows its time and its type, and ends with an ellipsis in the last column', () => {
  const row = terminalRow(message, 80)
  assert.equal(row, `${stamp} … audit.app.map-route|Mapped a route to app|3|…`)
  for (const columns of [40, 80, 100, 120]) {
    const cut = terminalRow(message, columns)
    assert.equal(cut.length, columns)
    assert.ok(cut.startsWith(`${stamp} … a`) && cut.endsWith('…'), cut)
  }
})

test('a message that fits is whole, and one that is no CEF is cut at its end only', () => {
  assert.equal(terminalRow(message, message.length), message)
  assert.equal(terminalRow('<13>1 - - - - - - '.padEnd(50, 'x'), 20), '<13>1 - - - - - - x…')
})

test('wide characters count for two columns, marks for none, and none is cut in two', () => {
  assert.equal(terminalRow('日本語日本語', 8), '日本語…')
  assert.equal(terminalRow('日本語日本語', 7), '日本語…')
  assert.equal(terminalRow('日本語日本語', 6), '日本…')
  assert.equal(terminalRow(`${'e\u0301'.repeat(6)}`, 6), 'e\u0301'.repeat(6))
  assert.equal(terminalRow('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 5), '👩‍👩‍👧👩‍👩‍👧…')
})

test('nothing in a message begins a second row or moves the cursor', () => {
  assert.equal(terminalRow('a\nb\u001b[2Jc\r\n', 80), 'a b [2Jc')
})

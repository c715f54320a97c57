import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { exceptions } from './tidy/exceptions.ts'
import { rules } from './tidy/rules.ts'
import { readTree, type Tree } from './tidy/tree.ts'

let tree: Tree

before(() => {
  tree = readTree(`${import.meta.dirname}/..`)
})

for (const rule of rules)
  test(rule.name, () => {
    const faults = rule.check(tree, exceptions)
    assert.equal(faults.length, 0, `${rule.name}\n  ${faults.join('\n  ')}\ninstead: ${rule.instead}`)
  })

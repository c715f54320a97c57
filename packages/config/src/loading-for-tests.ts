import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Config } from './config.ts'
import { type Fault, renderFaults } from './fault.ts'
import { type LoadInput, loadConfig } from './load-config.ts'

const pem = (name: string) => readFileSync(new URL(`../testdata/${name}.pem`, import.meta.url), 'utf8')

export const files: Readonly<Record<string, string>> = {
  '/secret': 'from-a-file\n',
  '/empty': '\n',
  '/short-key': 'short\n',
  '/ca.pem': pem('certificate'),
  '/key.pem': pem('key-of-certificate'),
  '/other-key.pem': pem('key-of-nothing'),
}

function readFile(path: string): string {
  const text = files[path]
  if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  return text
}

export function load(yaml: string | undefined, env: LoadInput['env'] = {}, args: LoadInput['args'] = {}) {
  const file = yaml === undefined ? undefined : { path: 'config.yaml', text: yaml }
  return loadConfig({ file, env, args, readFile })
}

export function good(...input: Parameters<typeof load>): Config {
  const result = load(...input)
  if ('faults' in result) assert.fail(renderFaults(result.faults))
  return result.config
}

export function faultsOf(...input: Parameters<typeof load>): readonly Fault[] {
  const result = load(...input)
  assert.ok('faults' in result, 'no fault was found')
  return result.faults
}

/** `where path problem -> instead`, one per fault. */
export function told(...input: Parameters<typeof load>): readonly string[] {
  return faultsOf(...input).map(each => `${each.where} | ${each.path} | ${each.problem} | ${each.instead}`)
}

export const threeVariables = {
  CF_API: 'https://api.sys.example.com',
  CF_CLIENT_ID: 'drain',
  CF_CLIENT_SECRET: 's3cr3t',
}
export const oneFoundation = `
foundations:
  - api: https://api.sys.example.com
    clientId: drain
    clientSecret: s3cr3t
`

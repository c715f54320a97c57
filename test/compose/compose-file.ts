import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** What the tests look at of a service; the whole is the Compose Specification. */
export interface Service {
  readonly image: string
  readonly build?: string
  readonly user?: string
  readonly read_only?: boolean
  readonly privileged?: boolean
  readonly cap_drop?: readonly string[]
  readonly cap_add?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly mem_limit?: string
  readonly pids_limit?: number
  readonly restart?: string
  readonly command?: string | readonly string[]
  readonly environment?: Readonly<Record<string, string | number>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly secrets?: readonly string[]
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

/** Ends with a slash. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

export function readComposeFile(): ComposeFile {
  return parse(readFileSync(`${root}docker-compose.yml`, 'utf8'), { merge: true }) as ComposeFile
}

/** The folder with the Dockerfile of a service that is built here; null of one whose image is pulled. */
export function buildFolder({ build }: Service): string | null {
  if (build === undefined) return null
  return build === '.' ? root : `${root}${build}/`
}

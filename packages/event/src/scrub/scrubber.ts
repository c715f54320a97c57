import { eventType } from '../catalogue.ts'
import { applyEdits, decodeString, type Edit, editsInSource, walkLeaves } from '../json-text.ts'
import { fingerprinter, isPlaceholder } from './fingerprint.ts'
import { manifestEdits } from './manifest.ts'
import { mayHoldSecret } from './may-hold-secret.ts'
import { type Mode, modeOf } from './mode.ts'
import { textEdits } from './text-edits.ts'

/** Grows by one with every change of what is scrubbed or how, and travels in each event. */
const POLICY_VERSION = 3

const KEY_BYTES_MIN = 16

/** What a scrubber made of the `data` of one event. */
export interface Scrubbed {
  /** Valid JSON, byte for byte the given text but for the values that were replaced. */
  readonly text: string
  /** JSON pointers (RFC 6901) of the values in which something was replaced; each once, in their order. */
  readonly paths: readonly string[]
}

/** Replaces the secrets that Cloud Controller leaves in `data` by keyed fingerprints. The README has the policy. */
export interface Scrubber {
  readonly policyVersion: number
  /** `dataText` is JSON that JSON.parse accepts; any JSON type. */
  scrub(type: string, dataText: string): Scrubbed
}

const NO_PATHS: readonly string[] = Object.freeze([])

/** `key`: at least 16 random bytes, the same for the life of an installation: another key gives other fingerprints. */
export function createScrubber(options: { readonly key: Uint8Array }): Scrubber {
  if (options.key.length < KEY_BYTES_MIN)
    throw new Error(
      `the scrubbing key has ${options.key.length} bytes; give it at least ${KEY_BYTES_MIN}, random ones`,
    )
  const fingerprint = fingerprinter(options.key)

  const scrubLeaf = (text: string, start: number, end: number, mode: Mode): Edit[] => {
    const isString = text[start] === '"'
    const value = isString ? decodeString(text, start, end) : text.slice(start, end)
    if (mode === 'secret') {
      if (value === '' || value === 'null' || (!isString && /^[tfn]/.test(value)) || isPlaceholder(value))
        return []
      return [{ start, end, text: JSON.stringify(fingerprint(value)) }]
    }
    if (!isString) return []
    const edits =
      mode === 'manifest' ? manifestEdits(value, fingerprint) : textEdits(value, mode, fingerprint)
    return edits.length === 0 ? [] : editsInSource(text, start, end, edits)
  }

  const scrubSafely = (text: string, start: number, end: number, mode: Mode): Edit[] => {
    try {
      return scrubLeaf(text, start, end, mode)
    } catch {
      // Not looked at to the end (a regular expression out of memory): it may hold a secret, so none of it may pass.
      return [{ start, end, text: JSON.stringify(fingerprint(text.slice(start, end))) }]
    }
  }

  return {
    policyVersion: POLICY_VERSION,
    scrub(type, dataText) {
      const { known } = eventType(type)
      if (known && !mayHoldSecret(dataText)) return { text: dataText, paths: NO_PATHS }
      let edits: Edit[] | null = null
      let paths: Set<string> | null = null
      // Nobody knows where a type not in the catalogue keeps its secrets, so all of it is looked at hard.
      const root: Mode = known ? 'plain' : 'unknown'
      walkLeaves<Mode>(dataText, root, modeOf, {
        leaf(start, end, mode, pointer) {
          const found = scrubSafely(dataText, start, end, mode)
          if (found.length === 0) return
          edits ??= []
          edits.push(...found)
          paths ??= new Set()
          paths.add(pointer())
        },
      })
      if (edits === null || paths === null) return { text: dataText, paths: NO_PATHS }
      return { text: applyEdits(dataText, edits), paths: [...paths] }
    },
  }
}

import { createScrubber } from '../src/scrub/scrubber.ts'

export const scrubber = createScrubber({ key: new Uint8Array(32).fill(7) })

export const oneFingerprint = /\[SCRUBBED hmac-sha256:[0-9a-f]{16}\]/
export const fingerprints = new RegExp(oneFingerprint, 'g')

/** Stands for every fingerprint in what a test expects. */
export const scrubbedMark = '[SCRUBBED]'

export function masked(text: string): string {
  return text.replace(fingerprints, scrubbedMark)
}

export function scrub(data: unknown, type = 'audit.app.update') {
  return scrubber.scrub(type, JSON.stringify(data))
}

/** The value of the member `name`, after scrubbing. */
export function member(name: string, value: unknown): unknown {
  return JSON.parse(scrub({ [name]: value }).text)[name]
}

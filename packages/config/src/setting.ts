import * as z from 'zod'
import { byteSizePattern, parseByteSize } from './byte-size.ts'
import { Complaint } from './complaint.ts'
import { durationPattern, parseDuration } from './duration.ts'
import { Secret } from './secret.ts'

/**
 * The kinds of value a setting can have. Each is one zod schema that parses, complains in the operator's words, and
 * carries its own JSON Schema and one-line description: the reference is generated from it.
 */
export interface SettingText {
  /** One or two sentences for the reference. */
  readonly about: string
  /** A value to copy, shown in the reference and in faults. */
  readonly example: string
}

type JsonSchemaPart = Readonly<Record<string, unknown>>

/** The bounds stand where the setting is described, so that no description can be without them. */
const bounded = (
  { about, example }: SettingText,
  min: number | string,
  max: number | string,
): SettingText => ({
  about: `${about} From ${code(min)} to ${code(max)}.`,
  example,
})

const code = (value: number | string) => `\`${value}\``

function setting<T>(text: SettingText, shape: JsonSchemaPart, parse: (value: unknown) => T | Complaint) {
  return z
    .unknown()
    .transform((value, context): T => {
      const parsed = value === undefined ? new Complaint('is missing', text.example) : parse(value)
      if (!(parsed instanceof Complaint)) return parsed
      context.issues.push({
        code: 'custom',
        input: value,
        message: parsed.problem,
        params: { complaint: parsed, isSecret: shape['writeOnly'] === true },
      })
      return z.NEVER
    })
    .meta({ ...shape, description: text.about, example: text.example })
}

export const duration = (text: SettingText, min: string, max: string) =>
  setting(bounded(text, min, max), { type: 'string', pattern: durationPattern }, value =>
    parseDuration(value, { min, max, example: text.example }),
  )

export const byteSize = (text: SettingText, min: string, max: string) =>
  setting(bounded(text, min, max), { type: ['string', 'integer'], pattern: byteSizePattern }, value =>
    parseByteSize(value, { min, max, example: text.example }),
  )

/** Text of at least one character. */
export const text = (text: SettingText) =>
  setting(text, { type: 'string', minLength: 1 }, value => textOrComplaint(value, text.example))

/** Text that `parse` turns into something else. */
export const parsedText = <T>(
  text: SettingText,
  shape: JsonSchemaPart,
  parse: (text: string) => T | Complaint,
) =>
  setting(text, { type: 'string', ...shape }, value => {
    const checked = textOrComplaint(value, text.example)
    return checked instanceof Complaint ? checked : parse(checked)
  })

export const secret = (text: SettingText, minLength = 1) =>
  setting(text, { type: 'string', minLength, writeOnly: true }, value => {
    const checked = textOrComplaint(value, text.example)
    if (checked instanceof Complaint) return checked
    return checked.length < minLength
      ? new Complaint(`must have at least ${minLength} characters`, text.example)
      : new Secret(checked)
  })

/** `true` and `false` as YAML writes them; as text too, because an environment variable can give nothing else. */
export const flag = (text: SettingText) =>
  setting(text, { type: ['boolean', 'string'], enum: [true, false, 'true', 'false'] }, value => {
    if (value === true || value === 'true') return true
    if (value === false || value === 'false') return false
    return new Complaint('must be true or false', 'true | false')
  })

export const wholeNumber = (text: SettingText, min: number, max: number) =>
  setting(
    bounded(text, min, max),
    { type: ['integer', 'string'], minimum: min, maximum: max, pattern: '^[0-9]+$' },
    value => {
      const number = typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : value
      return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max
        ? number
        : new Complaint(`must be a whole number from ${min} to ${max}`, text.example)
    },
  )

export const oneOf = <const T extends string>(text: SettingText, choices: readonly T[]) =>
  setting(text, { type: 'string', enum: choices }, value => {
    const chosen = choices.find(choice => choice === value)
    return chosen ?? new Complaint(`must be one of ${choices.join(', ')}`, choices.join(' | '))
  })

function textOrComplaint(value: unknown, example: string): string | Complaint {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return new Complaint('is not text for YAML: put it in quotes', `"${example}"`)
  }
  if (typeof value !== 'string') return new Complaint('must be text', example)
  return value === '' ? new Complaint('is empty', example) : value
}

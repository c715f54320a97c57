/**
 *     text      = *( plain / "$${" / reference )
 *     reference = "${" name "}"        name = [A-Za-z_][A-Za-z0-9_]*
 *
 * `$${` stands for a literal `${`.
 */
export interface Interpolated {
  readonly text: string
  /** Names of variables referred to, set or not. */
  readonly names: readonly string[]
  readonly missing: readonly string[]
  /** A `${` that begins no reference, as written; null when there is none. */
  readonly malformed: string | null
}

export function interpolate(text: string, env: Readonly<Record<string, string | undefined>>): Interpolated {
  const names: string[] = []
  const missing: string[] = []
  let malformed: string | null = null
  const result = text.replace(
    /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{[^}]*\}?/g,
    (match, name?: string) => {
      if (match === '$$' + '{') return '$' + '{'
      if (name === undefined) {
        malformed ??= match
        return match
      }
      names.push(name)
      const value = env[name]
      if (value === undefined) missing.push(name)
      return value ?? ''
    },
  )
  return { text: result, names, missing, malformed }
}

/**
 * The necessary signs, in JSON text, of everything the policy replaces in an event of a known type: names of members and
 * the beginnings of what is recognised inside strings. A backslash counts, because an escape may hide a sign.
 * `may-hold-secret.test.ts` holds this list to the rules.
 */
const SIGN =
  /:\/\/|\\|@|-----BEGIN|eyJ|A[KS]IA|AIza|gh[a-z]_|github_pat_|glpat-|xox[a-z]-|_live_|hvs\.|npm_|bearer|basic|pa(?:ss|rameters)|pwd?|pin[^a-z]|secret|token|jwt|cred|auth|key|cookie|connection|session|annotations|labels|env|command|manifest|drain|route_service|error_message|exit_description|reason/i

/** False when nothing in the text can be a secret: eight events of ten need no closer look. */
export function mayHoldSecret(dataText: string): boolean {
  return SIGN.test(dataText)
}

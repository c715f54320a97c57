import { readFileSync } from 'node:fs'
import { readSecretFile } from '@cf-audit-drain/config'
import type { Clock } from '@cf-audit-drain/pipeline'

/** The token cannot be read, or has run out: whoever writes the file has to renew it. Holds nothing of the token. */
export class TokenFileError extends Error {
  override readonly name = 'TokenFileError'
}

/** The token that a file holds now. One that says (`exp` of a JWT) that it has run out is not worth a login. */
export function tokenInFile(path: string, clock: Clock): string {
  let token: string
  try {
    token = readSecretFile(path, file => readFileSync(file, 'utf8'))
      .reveal()
      .trim()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new TokenFileError(`log.kafka.sasl.token.file ${path} cannot be read (${code})`)
  }
  // What a header may hold; also keeps the framing of the login whole.
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new TokenFileError(
      `log.kafka.sasl.token.file ${path} holds no token: one line of it, and nothing else`,
    )
  const expiresSec = expiryOf(token)
  if (expiresSec !== null && expiresSec * 1000 <= clock.now())
    throw new TokenFileError(
      `the token in log.kafka.sasl.token.file ${path} ran out at ${new Date(expiresSec * 1000).toISOString()}: is it still renewed?`,
    )
  return token
}

function expiryOf(token: string): number | null {
  try {
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return typeof exp === 'number' && Number.isFinite(exp) ? exp : null
  } catch {
    return null
  }
}

import { type Answer, sinatraAnswer, textAnswer, v3JsonAnswer, withHeaders } from './answer.ts'
import { type CloudControllerError, errors } from './cloud-controller-error.ts'
import type { FaultRule } from './faults.ts'

/** An answer in place of the right one, in the form of the API at `path`; null: the rule is not of that kind. */
export function faultyAnswer(rule: FaultRule, path: string): Answer | null {
  const answer = faultyV3Answer(rule)
  const error = path.startsWith('/v2/') ? ccErrors[rule.fault] : undefined
  return answer === null || error === undefined ? answer : sinatraAnswer(answer.status, error().v2Body)
}

/** The faults that Cloud Controller tells in its own words. */
const ccErrors: Partial<Record<FaultRule['fault'], () => CloudControllerError>> = {
  'error-500': errors.unknown,
  'database-503': errors.database,
  'uaa-unavailable': errors.uaaUnavailable,
  unauthorized: errors.invalidAuthToken,
  'tokens-revoked': errors.invalidAuthToken,
}

function faultyV3Answer(rule: FaultRule): Answer | null {
  switch (rule.fault) {
    case 'error-500':
      return v3JsonAnswer(500, errors.unknown().body)
    case 'database-503':
      return v3JsonAnswer(503, errors.database().body)
    case 'uaa-unavailable':
      return v3JsonAnswer(502, errors.uaaUnavailable().body)
    case 'unauthorized':
    case 'tokens-revoked':
      return v3JsonAnswer(401, errors.invalidAuthToken().body)
    case 'forbidden':
      return v3JsonAnswer(403, errors.notAuthorized().body)
    case 'error-502':
      return router(502, '502 Bad Gateway: Registered endpoint failed to handle the request.')
    case 'error-503':
      return router(503, '503 Service Unavailable: There are no healthy endpoints.')
    case 'error-504':
      return nginx(504, 'Gateway Time-out')
    case 'html-200':
      return textAnswer(200, 'text/html; charset=utf-8', maintenancePage)
    case 'html-error':
      return nginx(503, 'Service Temporarily Unavailable')
    case 'rate-limited':
      return withHeaders(
        {
          status: 429,
          headers: { 'Content-Type': 'text/plain; charset=utf-8' },
          body: [
            Buffer.from(
              '{"errors":[{"detail":"Rate Limit Exceeded","title":"CF-RateLimitExceeded","code":10013}]}',
            ),
          ],
        },
        {
          'Retry-After': String(rule.retryAfterSec ?? 1),
          'X-RateLimit-Limit': '2000',
          'X-RateLimit-Remaining': '0',
        },
      )
    case 'rate-limited-html':
      return nginx(429, 'Too Many Requests')
    default:
      return null
  }
}

const maintenancePage =
  '<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1></body></html>\n'

/** The gorouter answers in plain text, with a header of its own and none of Cloud Controller's. */
function router(status: number, line: string): Answer {
  const error = status === 502 ? 'endpoint_failure' : 'no_endpoints'
  return withHeaders(textAnswer(status, 'text/plain; charset=utf-8', `${line}\n`), {
    'X-Cf-Routererror': error,
    'X-Content-Type-Options': 'nosniff',
  })
}

export function nginx(status: number, words: string): Answer {
  const title = `${status} ${words}`
  return withHeaders(
    textAnswer(
      status,
      'text/html',
      `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
    ),
    { Server: 'nginx' },
  )
}

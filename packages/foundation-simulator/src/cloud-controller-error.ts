/** An error that Cloud Controller answers with; status and body as recorded (recordings/exchanges/error-*, access-*). */
export class CloudControllerError extends Error {
  override readonly name = 'CloudControllerError'
  readonly status: number
  readonly title: string
  readonly code: number

  constructor(status: number, title: string, code: number, detail: string) {
    super(detail)
    this.status = status
    this.title = title
    this.code = code
  }

  /** Cloud Controller names the fields in another order when it does not know the error. */
  get body(): unknown {
    const { title, code, message: detail } = this
    return { errors: [title === 'UnknownError' ? { title, detail, code } : { detail, title, code }] }
  }

  get v2Body(): unknown {
    const { title, code, message: description } = this
    return { description, error_code: title, code }
  }
}

export const errors = {
  notAuthenticated: () => new CloudControllerError(401, 'CF-NotAuthenticated', 10002, 'Authentication error'),
  invalidAuthToken: () => new CloudControllerError(401, 'CF-InvalidAuthToken', 1000, 'Invalid Auth Token'),
  notAuthorized: () =>
    new CloudControllerError(
      403,
      'CF-NotAuthorized',
      10003,
      'You are not authorized to perform the requested action',
    ),
  /** What v2 says to a token without a reading scope. */
  insufficientScope: () =>
    new CloudControllerError(
      403,
      'CF-InsufficientScope',
      10007,
      'Your token lacks the necessary scopes to access this resource.',
    ),
  eventNotFound: (guid: string) =>
    new CloudControllerError(404, 'CF-EventNotFound', 230002, `The event could not be found: ${guid}`),
  cannotOrder: (column: string) =>
    new CloudControllerError(500, 'CF-ServerError', 10012, `Cannot order by: ${column}`),
  notFound: (what: string) =>
    new CloudControllerError(404, 'CF-ResourceNotFound', 10010, `${what} not found`),
  unknownRequest: () => new CloudControllerError(404, 'CF-NotFound', 10000, 'Unknown request'),
  badQuery: (messages: readonly string[]) =>
    new CloudControllerError(
      400,
      'CF-BadQueryParameter',
      10005,
      `The query parameter is invalid: ${messages.join(', ')}`,
    ),
  unknown: () => new CloudControllerError(500, 'UnknownError', 10001, 'An unknown error occurred.'),
  /** Cloud Controller cannot reach UAA to check the token. */
  uaaUnavailable: () =>
    new CloudControllerError(502, 'CF-UaaUnavailable', 20004, 'The UAA service is currently unavailable'),
  database: () =>
    new CloudControllerError(503, 'CF-ServiceUnavailable', 10015, 'Database connection failure'),
} as const

/** Every error of a log says what was wrong, where, and what to do; `path` is the file or directory it is about. */

/** The store is not what it should be. Nothing was changed, and no empty log was started in its place. */
export class LogDamagedError extends Error {
  override readonly name = 'LogDamagedError'
  readonly path: string
  readonly found: string

  constructor(path: string, found: string, remedy: string, options?: ErrorOptions) {
    super(`${path}: ${found}. ${remedy}`, options)
    this.path = path
    this.found = found
  }
}

/** The store was written by another version of this program. */
export class LogVersionError extends Error {
  override readonly name = 'LogVersionError'
  readonly path: string
  readonly foundVersion: number
  readonly knownVersion: number

  constructor(path: string, foundVersion: number, knownVersion: number, remedy: string) {
    super(
      `${path}: the log has schema version ${foundVersion}, this program knows version ${knownVersion}. ${remedy}`,
    )
    this.path = path
    this.foundVersion = foundVersion
    this.knownVersion = knownVersion
  }
}

/** There is no log to read yet. */
export class LogMissingError extends Error {
  override readonly name = 'LogMissingError'
  readonly path: string

  constructor(path: string) {
    super(
      `${path}: there is no log here. Start the program once with this data directory, or name another one.`,
    )
    this.path = path
  }
}

/** The log was carried into Kafka, or is half-way there: going on here would make two logs of one. */
export class LogMovedError extends Error {
  override readonly name = 'LogMovedError'
  readonly path: string

  constructor(path: string, message: string) {
    super(`${path}: ${message}`)
    this.path = path
  }
}

/** Somebody else writes. `pid` and `host` are null when the holder could not be named. */
export class LogInUseError extends Error {
  override readonly name = 'LogInUseError'
  readonly path: string
  readonly pid: number | null
  readonly host: string | null

  constructor(path: string, holder: { readonly pid: number; readonly host: string } | null, message: string) {
    super(`${path}: ${message}`)
    this.path = path
    this.pid = holder?.pid ?? null
    this.host = holder?.host ?? null
  }
}

/**
 * The store is sound as far as is known, but the machine did not let us use it.
 * `full`: no space. `io`: read, write or sync failed. `read-only`: not writable. `unreadable`: cannot be opened.
 * `busy`: locked by another program for longer than we wait.
 */
export class LogStorageError extends Error {
  override readonly name = 'LogStorageError'
  readonly path: string
  readonly kind: 'full' | 'io' | 'read-only' | 'unreadable' | 'busy'

  constructor(path: string, kind: LogStorageError['kind'], message: string, options?: ErrorOptions) {
    super(`${path}: ${message}`, options)
    this.path = path
    this.kind = kind
  }
}

/** A call on an object that is closed, or that an earlier error has put out of service. */
export class LogClosedError extends Error {
  override readonly name = 'LogClosedError'
}

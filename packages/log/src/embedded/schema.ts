/** "CFad", so that `file log.db` and we can tell our database from another. */
export const applicationId = 0x43466164

/**
 * Version 1. Times: `…created_at` whole seconds in Cloud Controller's clock, `…_at_ms` and `received_at`
 * milliseconds in ours. The README explains every table; a change here is a new migration, never an edit.
 */
export const schema = `
CREATE TABLE events (
  offset      INTEGER PRIMARY KEY,
  foundation  TEXT    NOT NULL,
  guid        TEXT    NOT NULL,
  type        TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  provenance  TEXT    NOT NULL,
  record      BLOB
) STRICT;
CREATE INDEX events_by_created_at ON events (foundation, created_at);

CREATE TABLE foundations (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE guids (
  foundation INTEGER NOT NULL,
  key        ANY     NOT NULL,
  PRIMARY KEY (foundation, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE guids_recent (
  foundation INTEGER NOT NULL,
  key        ANY     NOT NULL,
  PRIMARY KEY (foundation, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
  foundation TEXT PRIMARY KEY,
  checkpoint TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE cursors (
  sink   TEXT PRIMARY KEY,
  offset INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE dead_letters (
  id         INTEGER PRIMARY KEY,
  origin     TEXT    NOT NULL,
  foundation TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  reason     TEXT    NOT NULL,
  raw        BLOB    NOT NULL,
  at_ms      INTEGER NOT NULL,
  UNIQUE (origin, foundation, key)
) STRICT;
CREATE TABLE tallies (
  foundation       TEXT    NOT NULL,
  type             TEXT    NOT NULL,
  provenance       TEXT    NOT NULL,
  count            INTEGER NOT NULL,
  last_received_at INTEGER NOT NULL,
  last_created_at  INTEGER NOT NULL,
  PRIMARY KEY (foundation, type, provenance)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_state (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  last_offset    INTEGER NOT NULL,
  pruned_through INTEGER NOT NULL
) STRICT;
INSERT INTO log_state VALUES (1, 0, 0);
`

/** SQL that brings version n to n + 1, at index n - 1. Run in one transaction with the change of user_version. */
export const migrations: readonly string[] = [
  // Version 2: one row once the log is on its way to Kafka (moved-mark.ts).
  `CREATE TABLE moved (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    prefix      TEXT    NOT NULL,
    brokers     TEXT    NOT NULL,
    copied_at   INTEGER NOT NULL,
    finished_at INTEGER
  ) STRICT`,
  // Version 3: how things were called, as the poller wants it kept (kept-names.ts).
  `CREATE TABLE names (
    foundation TEXT NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (foundation, key)
  ) STRICT, WITHOUT ROWID`,
  // Version 4: the completeness ledger (ledger/ledger-window.ts).
  `CREATE TABLE ledger (
    foundation    TEXT    NOT NULL,
    from_sec      INTEGER NOT NULL,
    to_sec        INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    counted       INTEGER,
    held          INTEGER NOT NULL,
    dead_letters  INTEGER NOT NULL,
    gone          INTEGER NOT NULL,
    digest        TEXT,
    first_offset  INTEGER,
    last_offset   INTEGER,
    checked_at_ms INTEGER,
    PRIMARY KEY (foundation, from_sec)
  ) STRICT, WITHOUT ROWID`,
  // Version 5: what of a window is hidden since less was accepted to be seen.
  'ALTER TABLE ledger ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0',
]

export const schemaVersion = migrations.length + 1

/** What must be there; a table missing is damage, a table more is not ours to judge. */
export const tables = [
  'events',
  'foundations',
  'guids',
  'guids_recent',
  'checkpoints',
  'cursors',
  'dead_letters',
  'tallies',
  'log_state',
  'moved',
  'names',
  'ledger',
] as const

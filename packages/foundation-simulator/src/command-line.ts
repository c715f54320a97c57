import { parseArgs } from 'node:util'

export const usage = `foundation-simulator: a UAA and a Cloud Controller that answer as recorded ones do, until SIGTERM. When all of it listens, it
prints one line of JSON: where, and the client to log in with.

  npm run simulator -- [OPTION…]

  --port N, --uaa-port N, --control-port N
                          where to listen; 0, the default: a free port each
  --host NAME             the name or address to listen on (127.0.0.1)
  --seed N                of everything that is made up (1)
  --recorded              begin with the recorded events and collections
  --events N --days D     begin with N generated events of the last D days (0, 30)
  --lively N              N new events a second (0)
  --late-probability P    the share of activities that become visible late (0)
  --refuse-ssh-every S    an audit.app.ssh-unauthorized every S seconds
  --faults RULE           error-502, error-502:3 (three times), or a rule as JSON; may be repeated
  --rate-limit N, --token-lifetime S, --latency-ms MS
  --history FILE          NDJSON of what was shown and deleted, written as it happens
  --keep-pages            keep what was answered for GET /_simulator/pages
  --narrow-client SEES    a second client that sees less: organization, nothing or refused
  --v2                    serve /v2/events, too
  --no-v3-events          have no /v3/audit_events
  --cert FILE --key FILE  https

packages/foundation-simulator/README.md says more, and what the control port does.`

/** What was typed. */
export type Typed = ReturnType<typeof read>

/** Null: nothing to be done but to print the usage. @throws TypeError: an option that is not there, or lacks its value */
export function commandLine(args: readonly string[]): Typed | null {
  const typed = read(args)
  return typed.help ? null : typed
}

function read(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      port: { type: 'string', default: '0' },
      'uaa-port': { type: 'string', default: '0' },
      'control-port': { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      seed: { type: 'string', default: '1' },
      events: { type: 'string', default: '0' },
      days: { type: 'string', default: '30' },
      recorded: { type: 'boolean', default: false },
      lively: { type: 'string', default: '0' },
      'late-probability': { type: 'string', default: '0' },
      'refuse-ssh-every': { type: 'string' },
      faults: { type: 'string', multiple: true, default: [] },
      'rate-limit': { type: 'string' },
      'token-lifetime': { type: 'string' },
      'latency-ms': { type: 'string' },
      history: { type: 'string' },
      'keep-pages': { type: 'boolean', default: false },
      'narrow-client': { type: 'string' },
      v2: { type: 'boolean', default: false },
      'no-v3-events': { type: 'boolean', default: false },
      cert: { type: 'string' },
      key: { type: 'string' },
    },
  }).values
}

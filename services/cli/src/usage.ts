export const usage = `cf-audit-drain takes every audit event out of Cloud Foundry and delivers it to a SIEM.

  cf-audit-drain start    polls and delivers until stopped; without a foundation it shows a simulated one
  cf-audit-drain poller   only polls, into a log on Kafka (KAFKA_BROKERS, log.kafka)
  cf-audit-drain sink     only delivers, from a log on Kafka; any number of them share the work
  cf-audit-drain check    says every fault of the configuration, then tries each end; sends no event
  cf-audit-drain topics plan|apply
                          what the topics on Kafka should be and are not; apply makes and raises it, and lowers nothing
  cf-audit-drain schemas register|check
                          puts the schemas of events into the schema registry, once; check compares, and changes nothing
  cf-audit-drain events   looks into the log, also while it is being written
  cf-audit-drain ledger   what was compared with Cloud Controller's own counts, window by window, and the verdict
  cf-audit-drain migrate  carries the log of --data-dir into Kafka, once; end start before it. Killed, it is run again
  cf-audit-drain compare-apis
                          whether /v3/audit_events and /v2/events show the same of a span; reads Cloud Controller only
  cf-audit-drain version

start, poller, sink, check, topics, schemas, events, ledger, migrate, compare-apis
  --config FILE           YAML, see docs/reference/config.md; one foundation needs only the environment:
                          CF_API, CF_CLIENT_ID, CF_CLIENT_SECRET, SINK_URL (syslog://host:port, syslog-tls://host:port)
  --data-dir DIR          the log and the scrubbing key (./data)
  --log-level LEVEL       trace, debug, info, warn, error, fatal (info)
start, poller, check
  --strict                refuse when the client may not see every event
check
  --for PART              poller, sink or topics: try only what that part needs, with its login (start: all of it)
start, poller, sink
  --until-caught-up       end with 0 once everything visible is in the log and acknowledged by every sink
  --http-address ADDRESS  127.0.0.1:9470; port 0 takes a free one
start, poller
  --start-from WHEN       retention, now, or a time (2026-11-01T00:00:00Z); only the first start asks,
                          and on Kafka one whose checkpoint is lost
  --poll-interval TIME    10s
  --accept-rights         what the identity sees now is what it should see, though it was more before: once
start
  --dry-run               print what would be sent; nothing is sent, the log is not touched
  --forget-sink NAME      drop the place of a sink that is gone, so that retention no longer waits for it
topics
  --allow-lower TOPIC     apply may take something away from this one; may be given several times
schemas register
  --dry-run               say what would be done; nothing is changed
migrate
  --dry-run               say what is there and what would be done; nothing is changed
events
  --foundation NAME  --type TYPE (audit.app.* is allowed)  --actor NAME|GUID  --target NAME|GUID  --org NAME|GUID
  --since TIME (2026-11-22T00:00:00Z, 2026-11-22, 24h)  --limit N (50)  --json
compare-apis
  --from TIME  --to TIME (now)  --foundation NAME  --json     ends with 5 when something differs
ledger
  --foundation NAME  --from TIME  --to TIME (as --since)  --json (one line a foundation)  --csv (one line a window)

Exit codes: docs/reference/exit-codes.md`

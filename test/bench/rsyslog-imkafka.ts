import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isInstalled } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { Child } from '../faults/child.ts'

/** Why there is no rsyslog that reads Kafka here, and how to get one; null when there is one. */
export function rsyslogImkafkaMissing(): string | null {
  if (isInstalled('rsyslogd') && globSync('/usr/lib/{*/,}rsyslog/imkafka.so').length > 0) return null
  return 'rsyslogd or its imkafka is not installed: apt-get install rsyslog rsyslog-kafka'
}

/** `whole`: the record as it is. `cef`: of a record that is JSON, most of the fields that our messages have. */
const templates = {
  whole: '<110>1 %timegenerated:::date-rfc3339% rsyslog cf-audit - - - %rawmsg%',
  cef: [
    '<110>1 %$!createdAt% %$!foundation% cloud_controller [AUDIT/0] %$!type%',
    '[tags@47450 event_guid=\\"%$!guid%\\" foundation=\\"%$!foundation%\\" organization_id=\\"%$!organizationGuid%\\"',
    'origin=\\"cloud_controller\\" provenance=\\"%$!provenance%\\" space_id=\\"%$!spaceGuid%\\"]',
    'CEF:0|Cloud Foundry|Audit|1.0|%$!type%|%$!type%|3|rt=%$!receivedAtMs% externalId=%$!guid%',
    'deviceExternalId=%$!foundation% suser=%$!actor!name% suid=%$!actor!guid% duser=%$!target!name% duid=%$!target!guid%',
    'cs1Label=organization_guid cs1=%$!organizationGuid% cs2Label=space_guid cs2=%$!spaceGuid%',
    'cs3Label=target_type cs3=%$!target!type% cs4Label=actor_type cs4=%$!actor!type% msg=%$!data%',
  ].join(' '),
} as const

/** rsyslogd that reads the topic from its beginning, and sends every record on in a frame of its own. */
export function startRsyslogImkafka(
  folder: string,
  relay: {
    readonly brokers: readonly string[]
    readonly topic: string
    readonly port: number
    readonly template: keyof typeof templates
  },
): Child {
  const config = join(folder, `imkafka-${relay.template}.conf`)
  const parse = relay.template === 'cef' ? 'action(type="mmjsonparse" cookie="")' : ''
  writeFileSync(
    config,
    `global(workDirectory="${folder}" maxMessageSize="1m")
module(load="imkafka")
module(load="mmjsonparse")
template(name="line" type="string" string="${templates[relay.template]}")
ruleset(name="relay" queue.type="LinkedList" queue.size="50000" queue.dequeueBatchSize="1024") {
  ${parse}
  action(type="omfwd" target="127.0.0.1" port="${relay.port}" protocol="tcp" TCP_Framing="octet-counted" template="line")
}
input(type="imkafka" topic="${relay.topic}" broker=[${relay.brokers.map(broker => `"${broker}"`).join(',')}]
  consumergroup="rsyslog-${relay.template}" ruleset="relay"
  confParam=["auto.offset.reset=earliest", "isolation.level=read_committed"])
`,
  )
  return new Child({
    command: 'rsyslogd',
    args: ['-n', '-f', config, '-i', join(folder, `imkafka-${relay.template}.pid`)],
    outputFile: join(folder, 'imkafka.out'),
    errorFile: join(folder, 'imkafka.err'),
  })
}

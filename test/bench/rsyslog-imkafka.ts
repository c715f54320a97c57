import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isInstalled } from '@cf-audit-drain/syslog/testing/rsyslogd'
import { Child } from '../faults/child.ts'

/** Why there is no rsyslog that reads Kafka here, and how to get one; null when there is one. */
export function rsyslogImkafkaMissing(): string | null {
  const modules = globSync('/usr/lib/{*/rsyslog,rsyslog}/imkafka.so')
  if (isInstalled('rsyslogd') && modules.length > 0) return null
  return 'rsyslogd or its imkafka is not installed: apt-get install rsyslog rsyslog-kafka'
}

/** rsyslogd that reads the topic from its beginning, and sends every record on in a frame of its own. */
export function startRsyslogImkafka(
  folder: string,
  from: { readonly brokers: readonly string[]; readonly topic: string; readonly port: number },
): Child {
  const config = join(folder, 'imkafka.conf')
  writeFileSync(
    config,
    `global(workDirectory="${folder}" maxMessageSize="1m")
module(load="imkafka")
template(name="whole" type="string" string="<110>1 %timegenerated:::date-rfc3339% rsyslog cf-audit - - - %rawmsg%")
ruleset(name="relay" queue.type="LinkedList" queue.size="50000" queue.dequeueBatchSize="1024") {
  action(type="omfwd" target="127.0.0.1" port="${from.port}" protocol="tcp" TCP_Framing="octet-counted" template="whole")
}
input(type="imkafka" topic="${from.topic}" broker=[${from.brokers.map(broker => `"${broker}"`).join(',')}]
  consumergroup="rsyslog" ruleset="relay" confParam=["auto.offset.reset=earliest", "isolation.level=read_committed"])
`,
  )
  return new Child({
    command: 'rsyslogd',
    args: ['-n', '-f', config, '-i', join(folder, 'imkafka.pid')],
    outputFile: join(folder, 'imkafka.out'),
    errorFile: join(folder, 'imkafka.err'),
  })
}

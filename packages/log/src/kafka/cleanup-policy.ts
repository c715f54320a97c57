interface Policies {
  readonly is: string
  readonly want: string
  /** Whether the topic would keep everything if the brokers removed by age and size only. */
  readonly keepsAll: boolean
}

/** What changing `cleanup.policy` would take away, '' for nothing; and what the policy does as long as it is not changed. */
export function cleanupPolicy({ is, want, keepsAll }: Policies): {
  readonly loss: string
  readonly harm: string
} {
  const now = new Set(is.split(',').map(one => one.trim()))
  if (want === 'compact')
    return {
      // Of each key the newest record is all that is read of such a topic.
      loss: '',
      harm: now.has('delete')
        ? 'the brokers remove by age what has to stay: checkpoint and tallies, names, or the ledger'
        : 'the topic grows for ever, and every start reads all of it',
    }
  const isByAge = now.has('delete')
  const forgets =
    'the brokers drop records without a value, which remember the guids of events that were pruned before a move to Kafka: these may come twice'
  return {
    loss: isByAge || keepsAll ? '' : 'the brokers would remove by age and size what they keep now',
    harm: [
      ...(isByAge ? [] : ['the brokers remove nothing by age or size, whatever the retention says']),
      ...(now.has('compact') ? [forgets] : []),
    ].join('; '),
  }
}

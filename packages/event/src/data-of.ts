export type DataMembers = Readonly<Record<string, unknown>>

/** The members of `data`; none where it is no object. */
export function dataOf({ data }: { readonly data: string }): DataMembers {
  try {
    return membersOf(JSON.parse(data))
  } catch {
    return {}
  }
}

export function membersOf(value: unknown): DataMembers {
  return typeof value === 'object' && value !== null ? (value as DataMembers) : {}
}

/** What was asked of the simulator. */
export class RequestCounters {
  total = 0
  /** Rows of audit events in answers with 200, sent whole or not. */
  rowsServed = 0
  readonly byPath = new Map<string, number>()
  readonly byStatus = new Map<number, number>()

  count(path: string, status: number, rows: number): void {
    this.total++
    this.rowsServed += rows
    this.byPath.set(path, (this.byPath.get(path) ?? 0) + 1)
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1)
  }

  toJSON(): object {
    return {
      total: this.total,
      rowsServed: this.rowsServed,
      byPath: Object.fromEntries(this.byPath),
      byStatus: Object.fromEntries(this.byStatus),
    }
  }
}

import { join } from 'node:path'
import { Child } from './child.ts'
import { places } from './places.ts'
import type { KillPlan, ReceiverOrder, ReceiverReport } from './receiver-orders.ts'
import { until } from './until.ts'

/** This side of receiver.ts. It keeps its port over restarts, and its file of frames. */
export class HostileReceiver {
  readonly framesFile: string
  readonly #folder: string
  #child: Child | null = null
  #port = 0
  #obeyed = 0
  resets = 0
  accepted = 0
  killed = 0

  constructor(folder: string) {
    this.#folder = folder
    this.framesFile = join(folder, 'frames.ndjson')
  }

  get port(): number {
    return this.#port
  }

  async start(): Promise<void> {
    let listening = false
    const child = new Child({
      command: places.node,
      args: [places.receiver, this.framesFile, String(this.#port)],
      outputFile: join(this.#folder, 'receiver.out'),
      errorFile: join(this.#folder, 'receiver.err'),
      messages: true,
    })
    this.#child = child
    child.onMessage(message => {
      const report = message as ReceiverReport
      if ('listening' in report) {
        this.#port = report.listening
        listening = true
      } else if ('killed' in report) this.killed++
      else if (report.did === 'obey') this.#obeyed++
      else if (report.did === 'reset') this.resets++
      else this.accepted++
    })
    await until('the receiver listens', () => listening || child.end !== null, 15_000, 5)
    if (!listening) throw new Error(`the receiver ended with ${child.end}: see ${this.#folder}`)
  }

  async order(order: ReceiverOrder): Promise<void> {
    await this.#tell({ order })
  }

  async planKill(kill: KillPlan | null): Promise<void> {
    await this.#tell({ kill })
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#child?.exited
  }

  get alive(): boolean {
    return this.#child?.end === null
  }

  async stop(): Promise<void> {
    await this.kill()
  }

  async #tell(message: object): Promise<void> {
    const before = this.#obeyed
    this.#child?.send(message)
    await until('the receiver obeys', () => this.#obeyed > before || this.#child?.end !== null, 5_000, 2)
  }
}

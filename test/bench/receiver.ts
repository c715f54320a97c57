import { join } from 'node:path'
import { Child } from '../faults/child.ts'
import { places } from '../faults/places.ts'
import { until } from '../faults/until.ts'

export interface Count {
  readonly frames: number
  readonly firstMs: number
  readonly lastMs: number
}

/** The counting receiver, seen from the bench. */
export class Receiver {
  port = 0
  count: Count = { frames: 0, firstMs: 0, lastMs: 0 }
  /** When frame i came, or a later one of the same chunk; only when asked to remember. */
  readonly arrivalsMs: number[] = []
  readonly #child: Child

  private constructor(child: Child, remember: boolean) {
    this.#child = child
    child.onMessage(message => {
      const told = message as Partial<Count> & { port?: number }
      if (told.port) this.port = told.port
      if (told.frames === undefined) return
      this.count = told as Count
      while (remember && this.arrivalsMs.length < told.frames) this.arrivalsMs.push(this.count.lastMs)
    })
  }

  static async start(folder: string, { remember = false } = {}): Promise<Receiver> {
    const child = new Child({
      command: places.node,
      args: [join(import.meta.dirname, 'counting-receiver.ts')],
      outputFile: join(folder, 'receiver.out'),
      errorFile: join(folder, 'receiver.err'),
      messages: true,
    })
    const receiver = new Receiver(child, remember)
    await until('the receiver listens', () => receiver.port > 0, 10_000)
    return receiver
  }

  async stop(): Promise<void> {
    await this.#child.stop(2_000)
  }
}

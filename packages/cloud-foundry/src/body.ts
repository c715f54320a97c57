import { isUtf8 } from 'node:buffer'
import { createGunzip } from 'node:zlib'

/** Why a body does not count; the sentence goes on from "the answer …". */
export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly kind: 'broken' | 'too large'

  constructor(kind: 'broken' | 'too large', message: string) {
    super(message)
    this.kind = kind
  }
}

/**
 * The whole body as text, decoded and checked: every byte of a gzip stream belongs to it and its checksum is right, the
 * text is UTF-8. `bytesMax` bounds what was received and what it unpacks to.
 * @throws BodyError; whatever `chunks` throws passes through
 */
export async function wholeBody(
  chunks: AsyncIterable<Buffer>,
  options: { readonly encoding: string | undefined; readonly bytesMax: number },
): Promise<string> {
  const encoding = options.encoding?.trim().toLowerCase() || 'identity'
  let received: Buffer
  if (encoding === 'identity') received = await collect(chunks, options.bytesMax)
  else if (encoding === 'gzip' || encoding === 'x-gzip') received = await unzip(chunks, options.bytesMax)
  else throw new BodyError('broken', 'is encoded in a way that was not asked for')
  if (!isUtf8(received)) throw new BodyError('broken', 'is not UTF-8')
  return received.toString('utf8')
}

async function collect(chunks: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    parts.push(chunk)
  }
  return Buffer.concat(parts, bytes)
}

async function unzip(chunks: AsyncIterable<Buffer>, bytesMax: number): Promise<Buffer> {
  const gunzip = createGunzip()
  let given = 0
  const feeding = (async () => {
    try {
      for await (const chunk of chunks) {
        given += chunk.length
        if (given > bytesMax) throw tooLarge(bytesMax)
        if (!gunzip.write(chunk)) await drained(gunzip)
        if (gunzip.destroyed) return
      }
      gunzip.end()
    } catch (error) {
      gunzip.destroy(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  })()
  try {
    const [whole] = await Promise.all([collect(gunzip, bytesMax), feeding])
    if (gunzip.bytesWritten !== given)
      throw new BodyError('broken', 'has bytes behind the end of its gzip stream')
    return whole
  } catch (error) {
    gunzip.destroy()
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (/^(Z_|ERR_ZLIB)/.test(code)) throw new BodyError('broken', `is not a whole gzip stream (${code})`)
    throw error
  }
}

/** Until more can be written, or nothing ever will be. */
function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      for (const event of ['drain', 'close', 'error']) stream.removeListener(event, done)
      resolve()
    }
    for (const event of ['drain', 'close', 'error']) stream.once(event, done)
  })
}

function tooLarge(bytesMax: number): BodyError {
  return new BodyError('too large', `is longer than ${bytesMax} bytes`)
}

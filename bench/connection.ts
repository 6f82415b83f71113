import { connect, type Socket } from 'node:net'

export interface Received {
  status: number
  /** Empty where only its bytes were wanted, and it is no refusal. */
  body: Buffer
  bytes: number
}

interface Waiting {
  request: Buffer
  /** Nobody looks at the body, unless it is a refusal. */
  onlyCounts: boolean
  resolve(received: Received): void
  reject(error: Error): void
}

interface Head {
  status: number
  bodyAt: number
  /** Undefined where the body is chunked. */
  length: number | undefined
}

const HEAD_END = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)
/** Into which all connections read, one after the other. With new memory for each read, a load of large replies mostly collects garbage. */
const desk = Buffer.allocUnsafeSlow(256 * 1024)

/**
 * One kept-alive HTTP connection that does little besides: what a load spends on itself, on the same machine, is taken from the server
 * that is measured. One request after the other; it connects again when the other end has closed it between two.
 */
export class Connection {
  readonly #host: string
  readonly #port: number
  readonly #lines: Waiting[] = []
  #socket: Socket | undefined
  #current: Waiting | undefined
  #chunks: Buffer[] = []
  #bytes = 0
  /** Of the reply under way, once it is there. */
  #head: Head | undefined

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.#host = hostname
    this.#port = Number(port)
  }

  send(request: Buffer, { onlyCounts = false } = {}): Promise<Received> {
    return new Promise((resolve, reject) => {
      this.#lines.push({ request, onlyCounts, resolve, reject })
      this.#next()
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #next(): void {
    if (this.#current || this.#lines.length === 0) return
    this.#current = this.#lines.shift() as Waiting
    this.#open().write(this.#current.request)
  }

  #open(): Socket {
    if (this.#socket) return this.#socket
    const callback = (bytes: number) => {
      this.#read(desk.subarray(0, bytes))
      return true
    }
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true, onread: { buffer: desk, callback } })
    this.#socket = socket
    let why: Error | undefined
    socket.on('error', (error) => (why = error))
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
      this.#end()?.reject(why ?? new Error('the connection was closed before the reply was whole'))
      this.#next()
    })
    return socket
  }

  /** @param chunk what is overwritten by the next read */
  #read(chunk: Buffer): void {
    this.#bytes += chunk.length
    this.#head ??= headOf(this.#chunks.length === 0 ? chunk : Buffer.concat([...this.#chunks, chunk]))
    const counts = this.#current?.onlyCounts && this.#head?.status === 200 && this.#head.length !== undefined
    if (!counts) this.#chunks.push(Buffer.from(chunk))
    if (!this.#head) return
    const { status, bodyAt, length } = this.#head
    if (length !== undefined && this.#bytes < bodyAt + length) return
    const body = counts ? NOTHING : bodyOf(Buffer.concat(this.#chunks), this.#head)
    if (!body) return
    this.#end()?.resolve({ status, body, bytes: length ?? body.length })
    this.#next()
  }

  #end(): Waiting | undefined {
    const current = this.#current
    this.#current = undefined
    this.#chunks = []
    this.#bytes = 0
    this.#head = undefined
    return current
  }
}

/** @returns undefined while it is not whole */
function headOf(all: Buffer): Head | undefined {
  const end = all.indexOf(HEAD_END)
  if (end < 0) return undefined
  const text = all.toString('latin1', 0, end + 2)
  const length = /^content-length: *(\d+)/im.exec(text)?.[1]
  return {
    status: Number(text.slice(9, 12)),
    bodyAt: end + HEAD_END.length,
    length: length === undefined ? undefined : Number(length),
  }
}

const bodyOf = (all: Buffer, { bodyAt, length }: Head) =>
  length === undefined ? unchunked(all.subarray(bodyAt)) : all.subarray(bodyAt, bodyAt + length)

/** @returns the body when its last piece is there */
function unchunked(all: Buffer): Buffer | undefined {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = all.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const length = Number.parseInt(all.toString('latin1', at, lineEnd), 16)
    if (all.length < lineEnd + 2 + length + 2) return undefined
    if (length === 0) return Buffer.concat(pieces)
    pieces.push(all.subarray(lineEnd + 2, lineEnd + 2 + length))
    at = lineEnd + 2 + length + 2
  }
}

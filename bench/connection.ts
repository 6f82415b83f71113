import { connect, type Socket } from 'node:net'

export interface Received {
  status: number
  body: Buffer
}

interface Waiting {
  request: Buffer
  resolve(received: Received): void
  reject(error: Error): void
}

const HEAD_END = Buffer.from('\r\n\r\n')

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
  /** Of the reply under way, once its head is there. */
  #needed: number | undefined

  constructor(url: string) {
    const { hostname, port } = new URL(url)
    this.#host = hostname
    this.#port = Number(port)
  }

  send(request: Buffer): Promise<Received> {
    return new Promise((resolve, reject) => {
      this.#lines.push({ request, resolve, reject })
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
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true })
    this.#socket = socket
    let why: Error | undefined
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', (error) => (why = error))
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
      this.#end()?.reject(why ?? new Error('the connection was closed before the reply was whole'))
      this.#next()
    })
    return socket
  }

  #read(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#needed !== undefined && this.#bytes < this.#needed) return
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
    this.#chunks = [all]
    const bodyAt = all.indexOf(HEAD_END) + HEAD_END.length
    if (bodyAt < HEAD_END.length) return
    const head = all.toString('latin1', 0, bodyAt)
    const length = /^content-length: *(\d+)/im.exec(head)?.[1]
    const body = length === undefined ? unchunked(all.subarray(bodyAt)) : sized(all, bodyAt, Number(length))
    if (length !== undefined) this.#needed = bodyAt + Number(length)
    if (!body) return
    this.#end()?.resolve({ status: Number(head.slice(9, 12)), body })
    this.#next()
  }

  #end(): Waiting | undefined {
    const current = this.#current
    this.#current = undefined
    this.#chunks = []
    this.#bytes = 0
    this.#needed = undefined
    return current
  }
}

const sized = (all: Buffer, at: number, length: number) =>
  all.length < at + length ? undefined : all.subarray(at, at + length)

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

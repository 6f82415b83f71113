import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface RawReply {
  status: number
  body: string
}

/**
 * One connection that is kept and has one request under way at a time: with the least work per request, so that the test
 * does not take the time of the server that it tests.
 */
export class Connection {
  readonly #port: number
  #socket: Socket | undefined
  #received: Buffer[] = []
  #settle: ((reply: RawReply | Error) => void) | undefined

  constructor(port: number) {
    this.#port = port
  }

  /** Posts a body to `/api`. @throws Error when the connection breaks before the reply is whole */
  async post(body: string | Buffer): Promise<RawReply> {
    const socket = (this.#socket ??= await this.#open())
    const reply = new Promise<RawReply>((resolve, reject) => {
      this.#settle = (result) => (result instanceof Error ? reject(result) : resolve(result))
    })
    socket.write(`POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`)
    socket.write(body)
    return reply
  }

  close(): void {
    this.#socket?.destroy()
  }

  async #open(): Promise<Socket> {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay()
    await once(socket, 'connect')
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', () => {}) // `close` follows
    socket.on('close', () => {
      this.#socket = undefined
      this.#end(new Error('The connection was closed before the reply was whole.'))
    })
    return socket
  }

  #take(chunk: Buffer): void {
    this.#received.push(chunk)
    const text = Buffer.concat(this.#received).toString('latin1')
    const head = text.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))?.[1])
    if (Number.isNaN(length)) return this.#end(new Error(`A reply without length: ${text.slice(0, head)}`))
    if (text.length < head + 4 + length) return
    const body = Buffer.concat(this.#received).subarray(head + 4, head + 4 + length)
    this.#end({ status: Number(text.slice(9, 12)), body: body.toString() })
  }

  #end(result: RawReply | Error): void {
    this.#received = []
    const settle = this.#settle
    this.#settle = undefined
    settle?.(result)
  }
}

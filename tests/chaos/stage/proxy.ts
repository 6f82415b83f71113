import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * How a link is broken, as packets see it: nothing passes (`cut`), nothing passes towards the server (`no requests`) or back
 * (`no answers`), each piece comes late (`slow`). Connections stay as they are: nobody is told. What was on its way arrives when
 * the link heals, as TCP sends it again.
 */
export type Break = 'cut' | 'no requests' | 'no answers' | 'slow'

export const breaks: readonly Break[] = ['cut', 'no requests', 'no answers', 'slow']

const SLOW_MS = 300

/** A way to a server over TCP that can be broken and healed. */
export class Link {
  readonly port: number
  readonly #server: Server
  readonly #pipes = new Set<Pipe>()
  #broken: Break | undefined

  private constructor(server: Server, target: { host: string; port: number }) {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a link has a port')
    this.#server = server
    this.port = address.port
    server.on('connection', (near: Socket) => {
      const far = connect({ ...target, allowHalfOpen: true })
      const pipes = [new Pipe(near, far, 'no requests'), new Pipe(far, near, 'no answers')]
      const end = () => {
        for (const pipe of pipes) {
          this.#pipes.delete(pipe)
          pipe.end()
        }
      }
      for (const pipe of pipes) {
        this.#pipes.add(pipe)
        pipe.set(this.#broken)
      }
      // A peer that resets its connection is as good as gone; what it had sent is lost with it.
      for (const socket of [near, far]) socket.setNoDelay(true).on('error', end).on('close', end)
    })
  }

  static async to(target: { host: string; port: number }): Promise<Link> {
    const server = createServer({ allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Link(server, target)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get broken(): Break | undefined {
    return this.#broken
  }

  break(how: Break): void {
    this.#set(how)
  }

  heal(): void {
    this.#set(undefined)
  }

  /** Resets all connections, as a firewall that has forgotten them does. New ones are taken. */
  reset(): void {
    for (const pipe of this.#pipes) pipe.end()
  }

  async close(): Promise<void> {
    this.reset()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #set(how: Break | undefined): void {
    this.#broken = how
    for (const pipe of this.#pipes) pipe.set(how)
  }
}

/** One direction of one connection. */
class Pipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #own: Break
  readonly #late: (() => void)[] = []
  #lateMs = 0

  constructor(from: Socket, to: Socket, own: 'no requests' | 'no answers') {
    this.#from = from
    this.#to = to
    this.#own = own
    from.on('data', (chunk) => this.#later(() => this.#write(chunk)))
    from.on('end', () => this.#later(() => this.#to.end()))
  }

  set(how: Break | undefined): void {
    this.#lateMs = how === 'slow' ? SLOW_MS : 0
    if (how === 'cut' || how === this.#own) this.#from.pause()
    else this.#from.resume()
  }

  end(): void {
    this.#from.destroy()
    this.#to.destroy()
  }

  #write(chunk: Buffer): void {
    if (this.#to.writable) this.#to.write(chunk)
  }

  /** What comes late still comes in order, also before what comes after the link has healed. */
  #later(act: () => void): void {
    if (this.#lateMs === 0 && this.#late.length === 0) return act()
    this.#late.push(act)
    setTimeout(() => this.#late.shift()?.(), this.#lateMs)
  }
}

import { connect, createServer, type Socket } from 'node:net'

/** `answer`: the write was committed, and nobody hears of it. `question`: it never reaches PostgreSQL. */
export type Eaten = 'answer' | 'question'

/** A proxy in front of PostgreSQL that reads along, and cuts a connection at the commit of a write. */
export interface CommitEater {
  readonly port: number
  /** Cuts at the n-th commit of a write from now on, once. */
  arm(what: Eaten, nth: number): void
  /** @returns whether the armed cut came; it does not come any more */
  disarm(): boolean
  close(): Promise<void>
}

interface Armed {
  what: Eaten
  left: number
}

const WRITES = /\b(insert\s+into|update|delete\s+from)\b/i

export async function startCommitEater(host: string, port: number): Promise<CommitEater> {
  const sockets = new Set<Socket>()
  let armed: Armed | undefined
  let cut = false
  const reachesCommit = () => armed !== undefined && (armed.left -= 1) === 0
  const server = createServer((client) => {
    const database = connect({ host, port, noDelay: true })
    client.setNoDelay(true)
    const end = () => {
      client.destroy()
      database.destroy()
      sockets.delete(client)
    }
    sockets.add(client)
    for (const socket of [client, database]) socket.on('error', end).on('close', end)
    const bite = () => {
      cut = true
      armed = undefined
      end()
    }
    const link = new Link()
    const asked = new Messages(true)
    client.on('data', (bytes: Buffer) => {
      for (const message of asked.take(bytes)) {
        link.ask(message)
        if (armed?.what === 'question' && link.commits(message) && reachesCommit()) return bite()
        database.write(message)
      }
    })
    const answered = new Messages(false)
    let held: Buffer[] = []
    database.on('data', (bytes: Buffer) => {
      for (const message of answered.take(bytes)) {
        // An answer is whole when PostgreSQL is ready for the next question; what it did is committed when it says `I`.
        held.push(message)
        if (typeOf(message) !== 'Z' && link.wrote && armed) continue
        if (link.ready(message) && armed?.what === 'answer' && reachesCommit()) return bite()
        client.write(Buffer.concat(held))
        held = []
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    arm(what, nth) {
      armed = { what, left: nth }
      cut = false
    },
    disarm() {
      armed = undefined
      return cut
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

const typeOf = (message: Buffer) => String.fromCharCode(message[0] ?? 0)

/** What one connection is about to commit. */
class Link {
  /** Whether anything was written since PostgreSQL said last that it is in no transaction. */
  wrote = false
  #inTransaction = false
  #begins = false
  readonly #texts = new Map<string, string>()

  /** Of the client. */
  ask(message: Buffer): void {
    const text = this.#textOf(message)
    if (text === undefined) return
    if (/^\s*begin/i.test(text)) this.#begins = true
    if (WRITES.test(text)) this.wrote = true
  }

  /** Whether PostgreSQL will commit a write on this message: its `commit`, or the statement itself outside of a transaction. */
  commits(message: Buffer): boolean {
    const text = this.#textOf(message)
    if (text === undefined || !this.wrote) return false
    return this.#inTransaction || this.#begins ? /^\s*commit/i.test(text) : WRITES.test(text)
  }

  /** Of PostgreSQL. @returns whether a write was committed */
  ready(message: Buffer): boolean {
    if (typeOf(message) !== 'Z') return false
    this.#inTransaction = String.fromCharCode(message[5] ?? 0) !== 'I'
    this.#begins = false
    if (this.#inTransaction || !this.wrote) return false
    this.wrote = false
    return true
  }

  /** What is run: a plain query, or the statement that a name stands for. */
  #textOf(message: Buffer): string | undefined {
    const type = typeOf(message)
    const [first = '', second = ''] = message.toString('latin1', 5).split('\0', 2)
    if (type === 'P') this.#texts.set(first, second)
    if (type === 'Q') return first
    return type === 'B' ? this.#texts.get(second) : undefined
  }
}

/** Cuts a stream into messages: a letter, four bytes of length, the rest. The first of a client has no letter. */
class Messages {
  #rest = Buffer.alloc(0)
  #first: boolean

  constructor(first: boolean) {
    this.#first = first
  }

  *take(bytes: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, bytes])
    for (;;) {
      const head = this.#first ? 0 : 1
      if (this.#rest.length < head + 4) return
      const length = head + this.#rest.readInt32BE(head)
      if (this.#rest.length < length) return
      const message = this.#rest.subarray(0, length)
      this.#rest = this.#rest.subarray(length)
      this.#first = false
      yield message
    }
  }
}

import { createSigner, generatePrivateKey } from '@colonies/identity'
import { Connection, type Received } from './connection.js'

/** A caller that sends what is measured and little else: one kept-alive connection, native signatures. */
export interface Caller {
  readonly id: string
  /** @returns the decoded payload @throws Refusal */
  call<Reply = unknown>(payloadtype: string, input: object): Promise<Reply>
  /** A signed request, to be sent once or often, at this caller or one with the same identity. */
  prepare(payloadtype: string, input: object): Prepared
  send<Reply = unknown>(request: Prepared): Promise<Reply>
  /** For whoever only measures, and has no use for what is in the reply. @returns its bytes @throws Refusal */
  deliver(request: Prepared): Promise<number>
  /** Of a process that is assigned, a load needs nothing but what it has to close. @returns its id @throws Refusal */
  take(ask: Prepared): Promise<string>
  /** The same identity over one more connection, at the same server or at another replica. */
  again(url?: string): Caller
  close(): void
}

/** A whole HTTP request. */
export type Prepared = Buffer

export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Speaks the protocol as all SDKs do, so that any server which knows it can be measured. */
export function createCaller(url: string, privateKey = generatePrivateKey()): Caller {
  const { host } = new URL(url)
  const connection = new Connection(url)
  const signer = createSigner(privateKey)
  function prepare(payloadtype: string, input: object): Prepared {
    const payload = Buffer.from(JSON.stringify({ ...input, msgtype: payloadtype })).toString('base64')
    const body = JSON.stringify({ payloadtype, payload, signature: signer.sign(payload) })
    const head = `POST /api HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
    return Buffer.from(head + body)
  }
  const send = async <Reply>(request: Prepared) => replyOf(await connection.send(request)) as Reply
  return {
    id: signer.id,
    prepare,
    send,
    call: <Reply>(payloadtype: string, input: object) => send<Reply>(prepare(payloadtype, input)),
    async deliver(request) {
      const received = await connection.send(request, { onlyCounts: true })
      if (received.status !== 200) replyOf(received)
      return received.bytes
    },
    async take(ask) {
      const received = await connection.send(ask)
      if (received.status !== 200) replyOf(received)
      const { payload } = JSON.parse(received.body.toString('latin1')) as { payload: string }
      const [, processId] =
        /"processid": *"([0-9a-f]{64})"/.exec(Buffer.from(payload, 'base64').toString('latin1')) ?? []
      if (!processId) throw new Error('a reply to an assign names no process')
      return processId
    },
    again: (at = url) => createCaller(at, privateKey),
    close: () => connection.close(),
  }
}

/** @throws Refusal */
function replyOf({ status, body }: Received): unknown {
  const { error, payload } = JSON.parse(body.toString()) as { error: boolean; payload: string }
  const reply = JSON.parse(Buffer.from(payload, 'base64').toString()) as { message?: string }
  if (error) throw new Refusal(status, reply.message ?? 'refused')
  return reply
}

/** The same request of each caller, signed once: what it sends when it is its turn, and how many bytes it gets. */
export function sameOf(callers: readonly Caller[], payloadtype: string, input: object): (n: number) => Promise<number> {
  const requests = callers.map((caller) => caller.prepare(payloadtype, input))
  return (n) => (callers[n] as Caller).deliver(requests[n] as Prepared)
}

import type { ClientOptions } from '@colonies/client'
import type { Node, World } from './world.js'

/** What the server's `answer.ts` makes of the body of a request. */
export type AnswerRequest = (
  body: string,
  exchange: { signal: AbortSignal; readonly aborted: boolean; hold(): void },
) => Promise<{ status: number; body: string | Uint8Array; onUnsent: (() => void) | undefined }>

type Fetch = NonNullable<ClientOptions['fetch']>
type Response = Awaited<ReturnType<Fetch>>

/** What the network does to messages, as probabilities. */
export interface Weather {
  /** Of one way, in milliseconds: mostly up to the first, sometimes up to the second. */
  delayMs: readonly [number, number]
  lost: number
  duplicated: number
  /** The connection breaks after the request was answered, and before the answer arrives. */
  replyCut: number
}

const fairWeather: Weather = { delayMs: [2, 2], lost: 0, duplicated: 0, replyCut: 0 }

interface Place {
  node: Node
  answer: AnswerRequest
  /** On their way to it. */
  arriving: Set<Request>
  requests: Set<Request>
  isStopping: boolean
}

/** One request, from the caller's `fetch` to the reply. */
interface Request {
  from: Node
  /** Since when the server keeps it on the line, in milliseconds of the world. */
  heldSinceMs: number | undefined
  controller: AbortController
  /** Settles the caller's promise, at the caller. */
  settle(outcome: Response | Error): void
}

/** HTTP between nodes: each request has a connection of its own, so requests overtake each other. */
export class Network {
  weather: Weather = fairWeather
  readonly #world: World
  readonly #places = new Map<string, Place>()
  /** Ways on which nothing arrives, `from>to`; nobody is told. */
  readonly #cuts = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  /** @returns what stops listening */
  listen(node: Node, answer: AnswerRequest): (graceMs: number) => Promise<void> {
    const place: Place = { node, answer, arriving: new Set(), requests: new Set(), isStopping: false }
    this.#places.set(node.name, place)
    return async () => {
      place.isStopping = true
      for (const request of place.requests) if (request.heldSinceMs !== undefined) request.controller.abort()
      while (place.requests.size > 0) await new Promise((resolve) => setTimeout(resolve, 10)) // sleeps: in the world's time
      this.#places.delete(node.name)
    }
  }

  /** Cuts one way, or heals it. */
  cut(from: string, to: string, isCut = true): void {
    if (isCut) this.#cuts.add(`${from}>${to}`)
    else this.#cuts.delete(`${from}>${to}`)
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`)
  }

  /** Executors that wait on the line for work. */
  held(): { executor: string; replica: Node; heldForMs: number }[] {
    return [...this.#places.values()].flatMap(({ node: replica, requests }) =>
      [...requests].flatMap(({ from, heldSinceMs, controller }) =>
        heldSinceMs === undefined || controller.signal.aborted
          ? []
          : [{ executor: from.name, replica, heldForMs: this.#world.nowMs - heldSinceMs }],
      ),
    )
  }

  heal(): void {
    this.#cuts.clear()
    this.weather = fairWeather
  }

  /** A node died: the operating system closes its connections. */
  died(node: Node): void {
    const place = this.#places.get(node.name)
    if (place?.node === node) this.#places.delete(node.name)
    for (const request of [...(place?.arriving ?? []), ...(place?.requests ?? [])])
      this.#reply(node.name, request, failure('ECONNRESET'))
    for (const other of this.#places.values())
      for (const request of other.requests)
        if (request.from === node) this.#send(node.name, other.node, () => request.controller.abort())
  }

  /** The `fetch` of one node. */
  fetchOf(from: Node): Fetch {
    return (url, { body, signal }) =>
      new Promise<Response>((resolve, reject) => {
        const to = new URL(url).hostname
        const controller = new AbortController()
        const settle = (outcome: Response | Error) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))
        const request: Request = { from, heldSinceMs: undefined, controller, settle }
        signal.addEventListener('abort', () => {
          reject(signal.reason)
          const place = this.#places.get(to)
          if (place?.requests.has(request)) this.#send(from.name, place.node, () => controller.abort())
        })
        const times = this.#world.random.chance(this.weather.duplicated) ? 2 : 1
        for (let time = 0; time < times; time++) this.#request(to, time === 0 ? request : echoOf(request), body)
      })
  }

  #request(to: string, request: Request, body: string): void {
    const { random } = this.#world
    const place = this.#places.get(to)
    if (random.chance(this.weather.lost)) return
    if (!place) this.#reply(to, request, failure('ECONNREFUSED'))
    else if (place.isStopping) this.#reply(to, request, failure('ECONNREFUSED'))
    else {
      place.arriving.add(request)
      this.#send(request.from.name, place.node, () => this.#serve(place, request, body))
    }
  }

  #serve(place: Place, request: Request, body: string): void {
    const { controller, from } = request
    place.arriving.delete(request)
    place.requests.add(request)
    const exchange = {
      signal: controller.signal,
      get aborted() {
        return controller.signal.aborted
      },
      hold: () => {
        request.heldSinceMs ??= this.#world.nowMs
        if (place.isStopping) controller.abort()
      },
    }
    void place.answer(body, exchange).then(({ status, body, onUnsent }) => {
      place.requests.delete(request)
      const isCutNow = this.#world.random.chance(this.weather.replyCut)
      // Told by the caller's machine that nobody is there any more; by a cut line nobody is told anything.
      if (controller.signal.aborted || !from.isAlive) return onUnsent?.()
      if (isCutNow) return this.#reply(place.node.name, request, failure('ECONNRESET'))
      const response = { status, headers: { get: () => null }, text: async () => String(Buffer.from(body)) }
      this.#reply(place.node.name, request, response)
    })
  }

  #reply(from: string, request: Request, outcome: Response | Error): void {
    this.#send(from, request.from, () => request.settle(outcome))
  }

  #send(from: string, to: Node, deliver: () => void): void {
    if (this.isCut(from, to.name)) return
    const [short, long] = this.weather.delayMs
    this.#world.plan(to, 0.2 + this.#world.random.delay(short, long), () => {
      if (!this.isCut(from, to.name)) deliver()
    })
  }
}

/** The same request once more, as a proxy may send it: whoever would hear the answer is gone. */
function echoOf({ from }: Request): Request {
  const controller = new AbortController()
  controller.abort()
  return { from, heldSinceMs: undefined, controller, settle() {} }
}

function failure(code: 'ECONNREFUSED' | 'ECONNRESET'): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
}

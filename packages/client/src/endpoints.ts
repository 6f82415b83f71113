import { InvalidError } from './errors.js'

/** One server, or one address of several that are equal. */
export interface Endpoint {
  /** Where requests are posted. */
  readonly api: string
  /** Where subscriptions are opened. */
  readonly pubsub: string
  /** Time of the clock until when others are preferred. */
  restsUntilMs: number
  /** Time of the clock until when the server asked to be left alone. */
  closedUntilMs: number
}

/** How long an endpoint that failed is left alone while there are others. */
const restMs = 2_000

/** The addresses of a server and which one to use: the one that worked last, as long as it works. */
export class Endpoints {
  readonly #endpoints: Endpoint[]
  #preferred = 0

  /** @throws InvalidError when there is none, or one is no http or https address */
  constructor(urls: readonly string[]) {
    if (urls.length === 0) throw new InvalidError('A client needs an endpoint such as http://localhost:50080.')
    this.#endpoints = urls.map(parseEndpoint)
  }

  /** @returns the preferred endpoint if it is not resting, else the next that is not, else the one that rests shortest */
  pick(nowMs: number): Endpoint {
    const inOrder = [...this.#endpoints.slice(this.#preferred), ...this.#endpoints.slice(0, this.#preferred)]
    const awake = inOrder.find((endpoint) => endpoint.restsUntilMs <= nowMs)
    return awake ?? inOrder.reduce((first, other) => (other.restsUntilMs < first.restsUntilMs ? other : first))
  }

  worked(endpoint: Endpoint): void {
    endpoint.restsUntilMs = 0
    this.#preferred = this.#endpoints.indexOf(endpoint)
  }

  /** Leaves an endpoint alone until then that owes an answer, while there are others and it has not `worked`. */
  quiet(endpoint: Endpoint, untilMs: number): void {
    endpoint.restsUntilMs = Math.max(endpoint.restsUntilMs, untilMs)
  }

  /** @param retryAfterMs what the server asked for, if it did */
  failed(endpoint: Endpoint, nowMs: number, retryAfterMs: number | undefined): void {
    endpoint.closedUntilMs = nowMs + (retryAfterMs ?? 0)
    endpoint.restsUntilMs = Math.max(nowMs + restMs, endpoint.closedUntilMs)
  }
}

function parseEndpoint(text: string): Endpoint {
  // Several SDKs are configured with the full path, so that is taken too.
  const base = text.replace(/\/+$/, '').replace(/\/api$/, '')
  if (!/^https?:\/\/[^/]/.test(base) || !URL.canParse(base)) {
    throw new InvalidError(`"${text}" is no endpoint: write it as http://localhost:50080 or https://example.com.`)
  }
  return { api: `${base}/api`, pubsub: `${base.replace(/^http/, 'ws')}/pubsub`, restsUntilMs: 0, closedUntilMs: 0 }
}

import { createSigner } from '@colonies/identity'
import { type BatchMethods, createBatchMethods } from './batches.js'
import type { Connection, RetryPolicy } from './call.js'
import { type ChannelMethods, createChannelMethods } from './channel.js'
import { systemClock } from './clock.js'
import { Endpoints } from './endpoints.js'
import { createMethods, type Methods } from './methods.js'
import type { Fetch } from './post.js'
import type { WebSocketClass } from './socket.js'
import { createWaitingMethods, type WaitingMethods } from './waiting.js'
import { createWorkflowMethods, type WorkflowMethods } from './workflow-run.js'

export interface ClientOptions {
  /**
   * Equal servers, such as `http://localhost:50080`; the one that answers is kept, the others step in when it fails. New
   * requests go to others, too, while one has been without an answer for 5 seconds; that one has until `timeoutMs`.
   */
  endpoints?: readonly string[] | undefined
  /** The same for one server. */
  endpoint?: string | undefined
  /** The same in parts, as the environment of other SDKs has it. */
  host?: string | undefined
  port?: number | undefined
  tls?: boolean | undefined
  /** 64 hex digits. Needed for all but the few operations that everybody may call. */
  privateKey?: string | undefined
  fetch?: Fetch | undefined
  /** For Node before 22, that of npm `ws`. Without any, subscriptions are refused and waiting is done by asking. */
  WebSocket?: WebSocketClass | undefined
  /** How long one try of a call may take, in milliseconds, beyond the time that it asks the server to wait. */
  timeoutMs?: number | undefined
  retry?: Partial<RetryPolicy> | undefined
}

/** All that can be done with a server under one identity. It holds no connection that would have to be closed. */
export interface Client extends Methods, WaitingMethods, BatchMethods, ChannelMethods, WorkflowMethods {
  /** The id of the identity that signs; undefined without a private key. */
  readonly id: string | undefined
  /** The same server, endpoints included, under another identity. @throws PrivateKeyError */
  as(privateKey: string): Client
}

const defaults = { timeoutMs: 30_000, retry: { forMs: 20_000, baseMs: 100, maxMs: 5_000 } }

/**
 * Makes a client; nothing is sent yet.
 *
 * Requests that the server recognises when they come twice are repeated for some time after a failure: those that only
 * read, and those that get a `requestid` or `assignid` here. In Node, `fetch` gives up on replies that take longer than 300
 * seconds: `waitForProcess` may wait for longer, a raw `assign` not, unless it is given another `fetch`.
 *
 * @throws InvalidError without a usable endpoint, PrivateKeyError for a key that is none
 */
export function createClient(options: ClientOptions): Client {
  const WebSocket = options.WebSocket ?? (globalThis.WebSocket as WebSocketClass | undefined)
  const connection: Connection = {
    endpoints: new Endpoints(endpointsOf(options)),
    // Looked up at each call, so that tools which replace it later are used.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    openSocket: WebSocket && ((url) => new WebSocket(url)),
    timeoutMs: options.timeoutMs ?? defaults.timeoutMs,
    retry: { ...defaults.retry, ...options.retry },
    clock: systemClock,
    waitingSockets: { open: 0 },
  }
  return clientOf(connection, options.privateKey)
}

function clientOf(connection: Connection, privateKey: string | undefined): Client {
  const caller = { connection, signer: privateKey === undefined ? undefined : createSigner(privateKey) }
  const methods = createMethods(caller)
  const waiting = createWaitingMethods(caller, methods)
  return {
    ...methods,
    ...waiting,
    ...createBatchMethods(connection, methods),
    ...createChannelMethods(caller, methods),
    ...createWorkflowMethods(methods, waiting),
    id: caller.signer?.id,
    as: (other) => clientOf(connection, other),
  }
}

function endpointsOf({ endpoints = [], endpoint, host, port, tls = false }: ClientOptions): string[] {
  const inParts =
    host === undefined ? [] : [`${tls ? 'https' : 'http'}://${host}${port === undefined ? '' : `:${port}`}`]
  return [...endpoints, ...(endpoint === undefined ? [] : [endpoint]), ...inParts]
}

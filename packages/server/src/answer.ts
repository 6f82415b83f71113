import type { Db } from '@colonies/database'
import { recoverIdentity } from '@colonies/identity'
import {
  type AnyOperation,
  ColoniesError,
  compileDecoder,
  compileEncoder,
  type Envelope,
  errors,
  type OperationName,
  operations,
  readEnvelope,
  Shape,
  Text,
  writeRefusal,
} from '@colonies/protocol'
import { checkAccess, type Demand } from './access.js'
import type { Rights } from './directory/rights.js'
import { type Call, type Caller, type Colony, type Handlers, Rendered, type Replica } from './handler.js'
import { KnownSigners } from './known-signers.js'
import type { Log } from './log.js'
import { createReporter, type Report } from './refusal.js'
import { replyBody, replyText } from './reply-body.js'
import type { Outlet, Subscriptions } from './subscriber.js'
import { watchAccess } from './watch-access.js'

/** What the life of a request needs of the connection that it came by. */
export interface Exchange extends Pick<Call, 'signal' | 'hold'> {
  /** As `signal.aborted`, without making a signal. */
  readonly aborted: boolean
}

/** A reply, ready to be written. */
export interface Answer {
  status: number
  /** The reply envelope; as bytes where it is large. */
  body: string | Uint8Array
  /** For the metrics: the name of an operation, or `unknown`. */
  payloadtype: string
  /** To be called when the connection was gone before all of the body was handed over. */
  onUnsent: (() => void) | undefined
}

/** Answers the body of one request; never rejects. */
export type AnswerRequest = (body: string, exchange: Exchange) => Promise<Answer>

/**
 * Starts what one frame asks for. The outlet gets reply envelopes, and at most one refusal.
 *
 * @returns what stops the subscription from outside
 * @throws whatever refused the request
 */
export type OpenSubscription = (envelope: Envelope, exchange: Exchange, outlet: Outlet) => Promise<() => void>

export interface AnswerOptions {
  db: Db
  replica: Replica
  rights: Rights
  handlers: Handlers
  subscriptions: Subscriptions
  log: Log
  /** Called for each request that was let in: its sender lives. */
  heard(call: Call): void
}

export interface Answering {
  answer: AnswerRequest
  subscribe: OpenSubscription
  /** @returns for the metrics: this payload type where it is one of subscriptions, else `unknown` */
  subscriptionType(payloadtype: string): string
  report: Report
}

/** One operation with all that is made from its contract, once. */
interface Route<Run> {
  readonly operation: AnyOperation
  readonly decode: (text: string) => { msgtype: string }
  readonly encode: (output: never) => string
  /** What stands before the payload in a reply. */
  readonly replyHead: string
  readonly run: Run
}

/** A request whose signature and payload are readable. */
interface Asked {
  callerId: string
  input: { msgtype: string }
}

type RunHandler = (input: never, call: Call) => Promise<unknown>
type RunSubscription = (input: never, call: Call, outlet: Outlet) => () => void

/** The one operation that is asked for without a payload. */
const withoutPayload = 'getserverinfomsg'
const payloadtypeShownMax = 100

/** The life of a request, from its body to its reply. */
export function createAnswering(options: AnswerOptions): Answering {
  const handlers = routesOf<RunHandler>('http', options.handlers)
  const subscriptions = routesOf<RunSubscription>('websocket', options.subscriptions)
  const report = createReporter(options.log)
  const pollers = new KnownSigners()

  // Not async: while such a function waits, its frame keeps the body and all that was read of it, and thousands wait.
  function answer(body: string, exchange: Exchange): Promise<Answer> {
    let payloadtype = 'unknown'
    try {
      const envelope = readEnvelope(body)
      const known = handlers.get(envelope.payloadtype)
      if (known) payloadtype = known.operation.payloadtype
      const callerId = identify(envelope, known, pollers)
      const route = known ?? refuseUnknown(envelope.payloadtype, subscriptions)
      const input = readInput(envelope, route)
      return finish(route, start(route, { callerId, input }, exchange))
    } catch (error) {
      return Promise.resolve(refuse(error, payloadtype))
    }
  }

  /** @returns what the handler is going to return; in a box, as an async function waits for a promise that it returns */
  async function start(
    route: Route<RunHandler>,
    asked: Asked,
    exchange: Exchange,
  ): Promise<{ output: Promise<unknown> }> {
    const call = await admit(options, route, asked, exchange)
    return { output: route.run(asked.input as never, call) }
  }

  /** All that is left of a request while it hangs, beside what its handler keeps. */
  async function finish(route: Route<unknown>, started: Promise<{ output: Promise<unknown> }>): Promise<Answer> {
    try {
      return success(route, await (await started).output)
    } catch (error) {
      return refuse(error, route.operation.payloadtype)
    }
  }

  function refuse(error: unknown, payloadtype: string): Answer {
    const { status, message, code } = report(error, payloadtype)
    return { status, body: writeRefusal(status, message, code), payloadtype, onUnsent: undefined }
  }

  const subscribe: OpenSubscription = async (envelope, exchange, outlet) => {
    const known = subscriptions.get(envelope.payloadtype)
    const callerId = identify(envelope, known, pollers)
    const route = known ?? refuseUnknown(envelope.payloadtype, handlers)
    const input = readInput(envelope, route)
    const call = await admit(options, route, { callerId, input }, exchange)
    return runWatched(
      (watched) =>
        route.run(input as never, call, { ...watched, send: (text) => outlet.send(replyText(route.replyHead, text)) }),
      { outlet, check: () => checkAccess(demandOf(route, { callerId, input }), options.rights) },
    )
  }

  const subscriptionType = (payloadtype: string) => (subscriptions.has(payloadtype) ? payloadtype : 'unknown')

  return { answer, subscribe, subscriptionType, report }
}

/**
 * Executors ask for work again and again, in the same words. What else is asked is another text each time, and is not kept: it
 * would push these out.
 *
 * @returns the id of the signer; empty where nobody has to sign
 */
function identify({ payload, signature }: Envelope, route: Route<unknown> | undefined, pollers: KnownSigners): string {
  if (route?.operation.caller === 'anyone') return ''
  return route?.operation === operations.assign
    ? pollers.identify(payload, signature)
    : recoverIdentity(payload, signature)
}

function readInput({ payloadtype, payload }: Envelope, route: Route<unknown>): { msgtype: string } {
  if (payloadtype === withoutPayload) return route.decode('{}')
  const input = route.decode(decodePayload(payload))
  // Only the payload is signed. Were the two names allowed to differ, a payload signed for one operation could be sent
  // again as another.
  if (input.msgtype !== payloadtype) {
    const shown = JSON.stringify(input.msgtype.slice(0, payloadtypeShownMax))
    throw new ColoniesError(
      'bad_request',
      `msgtype must be "${payloadtype}" as the payloadtype of the envelope, got ${shown}`,
    )
  }
  return input
}

/** Settles access, and puts together what the handler gets. */
async function admit(
  { db, replica, rights, heard }: AnswerOptions,
  route: Route<unknown>,
  asked: Asked,
  exchange: Exchange,
): Promise<Call> {
  const { caller, colony } = await checkAccess(demandOf(route, asked), rights)
  // Under overload callers give up and ask again; nobody needs the work of the first request any more.
  if (exchange.aborted) throw new ColoniesError('unavailable', 'The caller is gone')
  const call = new AdmittedCall({ db, replica, caller, colony }, exchange)
  heard(call)
  return call
}

/** A class: an object with a getter of its own has a hidden class of its own, which is larger than all the rest of it. */
class AdmittedCall implements Call {
  readonly db: Db
  readonly replica: Replica
  readonly caller: Caller
  readonly colony: Colony
  readonly #exchange: Exchange

  constructor({ db, replica, caller, colony }: Pick<Call, 'db' | 'replica' | 'caller' | 'colony'>, exchange: Exchange) {
    this.db = db
    this.replica = replica
    this.caller = caller
    this.colony = colony
    this.#exchange = exchange
  }

  get signal(): AbortSignal {
    return this.#exchange.signal
  }

  hold(end?: (why: ColoniesError) => void): void {
    this.#exchange.hold(end)
  }
}

function demandOf({ operation }: Route<unknown>, { callerId, input }: Asked): Demand {
  return { kind: operation.caller, reference: operation.colony?.(input as never), callerId }
}

/** Runs a subscription for as long as its subscriber may have it. @returns what stops it from outside */
function runWatched(
  run: (outlet: Outlet) => () => void,
  { outlet, check }: { outlet: Outlet; check: () => Promise<unknown> },
): () => void {
  let stop = () => {}
  const unwatch = watchAccess(check, (refusal) => {
    stop()
    outlet.done(refusal)
  })
  stop = run({
    ...outlet,
    done(refusal, connection) {
      unwatch()
      outlet.done(refusal, connection)
    },
  })
  return () => {
    unwatch()
    stop()
  }
}

function success(route: Route<unknown>, output: unknown): Answer {
  const rendered = output instanceof Rendered
  const text = rendered ? output.text : route.encode(output as never)
  const { payloadtype } = route.operation
  return {
    status: 200,
    body: replyBody(route.replyHead, text),
    payloadtype,
    onUnsent: rendered ? output.onUnsent : undefined,
  }
}

/**
 * Base64 as lenient as in the original, so that broken text ends as "invalid JSON": what stands behind the padding does not count.
 * It is the text that was signed, so nothing can be slipped in here.
 */
function decodePayload(payload: string): string {
  const padding = payload.indexOf('=')
  return Buffer.from(padding < 0 ? payload : payload.slice(0, padding), 'base64').toString('utf8')
}

function refuseUnknown(payloadtype: string, elsewhere: ReadonlyMap<string, Route<unknown>>): never {
  const { says } = errors.unknown_operation
  const transport = elsewhere.get(payloadtype)?.operation.transport
  if (transport) {
    const place = transport === 'http' ? 'POST /api' : 'the WebSocket /pubsub'
    throw new ColoniesError('unknown_operation', `${says}: ${payloadtype} (this one is sent to ${place})`)
  }
  if (payloadtype === '') {
    const hint =
      'this usually means the client is misconfigured - check that COLONIES_PRVKEY and other environment variables are set correctly'
    throw new ColoniesError('unknown_operation', `${says}: empty (${hint})`)
  }
  throw new ColoniesError('unknown_operation', `${says}: ${payloadtype.slice(0, payloadtypeShownMax)}`)
}

function routesOf<Run>(transport: 'http' | 'websocket', runs: object): ReadonlyMap<string, Route<Run>> {
  const named = new Map(Object.entries(runs) as [OperationName, Run][])
  const routes = new Map<string, Route<Run>>()
  for (const [name, operation] of Object.entries(operations) as [OperationName, AnyOperation][]) {
    if (operation.transport !== transport) continue
    const run = named.get(name)
    if (!run) throw new Error(`Nothing was given to run the operation ${name} (${operation.payloadtype}).`)
    routes.set(operation.payloadtype, { ...compiled(operation), run })
  }
  return routes
}

const compiledBefore = new WeakMap<AnyOperation, Omit<Route<unknown>, 'run'>>()

/** What is made from a contract alone. Once in a process: it takes longer than all else that a start does here. */
function compiled(operation: AnyOperation): Omit<Route<unknown>, 'run'> {
  let made = compiledBefore.get(operation)
  if (!made) {
    made = {
      operation,
      decode: compileDecoder(Shape({ msgtype: Text, ...operation.input.properties }), {
        json: 'text',
      }) as Route<unknown>['decode'],
      encode: compileEncoder(operation.output, { json: 'text' }) as Route<unknown>['encode'],
      replyHead: `{"payloadtype":"${operation.replytype}","payload":"`,
    }
    compiledBefore.set(operation, made)
  }
  return made
}

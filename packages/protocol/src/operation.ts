import type { TObject, TProperties, TSchema } from 'typebox'
import type { ErrorCode } from './errors.js'
import { type ServerSide, Shape } from './schema.js'

/** Who may call, from the paper's three roles. `access.ts` of the server is the only place that reads it. */
export type CallerKind =
  /** Nobody has to sign. */
  | 'anyone'
  | 'server-owner'
  | 'colony-owner'
  /** A user, or an executor that is pending or approved. */
  | 'any-member'
  /** A user or an approved executor. */
  | 'member'
  /** As `member`, or the colony owner. */
  | 'member-or-owner'
  /** An approved executor. */
  | 'executor'
  /** The holder of any key: known or unknown. The handler shows only what belongs to the caller. */
  | 'any-key'

/** Where the colony of a request comes from. By anything but its name, it is searched in the caller's own colonies only. */
export type ColonyReference = {
  readonly by: 'name' | 'process' | 'graph' | 'function' | 'attribute' | 'executor' | 'cron' | 'generator' | 'blueprint'
  readonly key: string
}

export const byName = (name: string): ColonyReference => ({ by: 'name', key: name })
export const byProcess = (processid: string): ColonyReference => ({ by: 'process', key: processid })
export const byGraph = (processgraphid: string): ColonyReference => ({ by: 'graph', key: processgraphid })
export const byFunction = (functionid: string): ColonyReference => ({ by: 'function', key: functionid })
export const byAttribute = (attributeid: string): ColonyReference => ({ by: 'attribute', key: attributeid })
export const byExecutor = (executorid: string): ColonyReference => ({ by: 'executor', key: executorid })
export const byCron = (cronid: string): ColonyReference => ({ by: 'cron', key: cronid })
export const byGenerator = (generatorid: string): ColonyReference => ({ by: 'generator', key: generatorid })
export const byBlueprint = (blueprintid: string): ColonyReference => ({ by: 'blueprint', key: blueprintid })

/** One RPC. From it alone come the server's parsing and access check, the client method, the CLI call and the docs. */
export interface Operation<Input extends TObject = TObject, Output extends TSchema = TSchema> {
  readonly payloadtype: string
  /** The payload type of the reply, where it differs. */
  readonly replytype: string
  readonly summary: string
  readonly caller: CallerKind
  readonly colony: ((input: ServerSide<Input>) => ColonyReference) | undefined
  readonly input: Input
  readonly output: Output
  readonly errors: readonly ErrorCode[]
  /** `websocket` operations are requested on `/pubsub` and answered with frames of `output`. */
  readonly transport: 'http' | 'websocket'
  /** Whether asking again after a lost reply changes nothing more. The client retries only these by itself. */
  readonly repeatable: boolean
}

interface Definition<Properties extends TProperties, Output extends TSchema, Caller extends CallerKind> {
  payloadtype: string
  replytype?: string
  summary: string
  caller: Caller
  input: Properties
  output: Output
  errors?: readonly ErrorCode[]
  transport?: 'http' | 'websocket'
  repeatable?: boolean
}

type NeedsColony = 'colony-owner' | 'any-member' | 'member' | 'member-or-owner' | 'executor'

/** Defines an operation. A caller kind that belongs to a colony has to say which colony, or it does not compile. */
export function operation<Properties extends TProperties, Output extends TSchema, Caller extends CallerKind>(
  definition: Definition<Properties, Output, Caller> &
    (Caller extends NeedsColony
      ? { colony: (input: ServerSide<TObject<Properties>>) => ColonyReference }
      : { colony?: undefined }),
): Operation<TObject<Properties>, Output> {
  const { replytype, errors, transport, repeatable, input, ...rest } = definition
  return {
    ...rest,
    colony: rest.colony as ((input: ServerSide<TObject<Properties>>) => ColonyReference) | undefined,
    input: Shape(input),
    replytype: replytype ?? definition.payloadtype,
    errors: errors ?? [],
    transport: transport ?? 'http',
    repeatable: repeatable ?? false,
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a registry holds operations of every shape; each use narrows it again
export type AnyOperation = Operation<any, any>

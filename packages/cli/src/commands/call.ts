import type { Client, Subscription } from '@colonies/client'
import { type AnyOperation, type CallerKind, operations, parseJson } from '@colonies/protocol'
import { isObject } from '../arguments.js'
import { checkFields, nearest } from '../check-fields.js'
import { choice, flag, needed, text, verb } from '../command.js'
import { UsageError } from '../exit-codes.js'
import { formatJson } from '../format-json.js'
import type { Role, Session } from '../session.js'
import { readDocument } from '../spec-file.js'

/** Whose key signs, unless --as says otherwise. */
const signers: Readonly<Record<CallerKind, Role | 'anyone'>> = {
  anyone: 'anyone',
  'server-owner': 'server-owner',
  'colony-owner': 'colony-owner',
  'any-member': 'member',
  member: 'member',
  'member-or-owner': 'member',
  executor: 'member',
  'any-key': 'member',
}

type Method = (input: object) => Promise<unknown> | Subscription<unknown>

export const callCommand = verb({
  name: 'call',
  summary: 'Call any operation of the protocol, by its payload type or its name in the SDK.',
  positional: ['operation', 'input'],
  options: {
    operation: needed('payload type, such as getprocessmsg'),
    input: text('JSON object; - reads it from standard input; the colony is filled in'),
    as: choice('whose key signs', ['member', 'colony-owner', 'server-owner']),
    lenient: flag('leave out unknown fields'),
  },
  async run({ operation: given, input, as, lenient }, session) {
    const [name, operation] = findOperation(given)
    const fields = await readInput(input, session)
    if (!lenient) checkFields(operation.input, fields, 'The input')
    const client = clientFor(as ?? signers[operation.caller], session)
    // The registry that the operation was found in is the one that the methods are made from.
    const method = client[name as keyof Client] as Method
    const reply = method(withColony(fields, operation, session))
    if (reply instanceof Promise) return programView(await reply)
    for await (const frame of reply) session.out.write(`${formatJson(frame)}\n`)
    return undefined
  },
})

/** JSON also for people: nobody knows columns for every operation. */
function programView(data: unknown) {
  return { data, ids: [], text: () => `${formatJson(data)}\n` }
}

function findOperation(given: string): [string, AnyOperation] {
  const all = Object.entries<AnyOperation>(operations as Record<string, AnyOperation>)
  const found = all.find(([name, { payloadtype }]) => given === payloadtype || given === name)
  if (found) return found
  const meant = nearest(
    given,
    all.map(([, { payloadtype }]) => payloadtype),
  )
  throw new UsageError(`There is no operation ${given}${meant ? `; did you mean ${meant}?` : '.'}`)
}

async function readInput(input: string, session: Session) {
  if (input === '') return {}
  const value = input === '-' ? await readDocument('-', session.io) : parseInput(input)
  if (isObject(value)) return value
  throw new UsageError('The input must be a JSON object.')
}

function parseInput(input: string) {
  try {
    return parseJson(input)
  } catch (error) {
    throw new UsageError(`The input is no JSON: ${(error as Error).message}`, { cause: error })
  }
}

function clientFor(signer: Role | 'anyone', session: Session): Client {
  return signer === 'anyone' ? session.anyone : session.client(signer)
}

/** The colony that is configured, where the operation asks for one and none was named. */
function withColony(fields: object, { input }: AnyOperation, session: Session): object {
  const asksFor = Object.hasOwn(input.properties, 'colonyname')
  if (!asksFor || 'colonyname' in fields || !session.settings.colony) return fields
  return { ...fields, colonyname: session.colonyname }
}

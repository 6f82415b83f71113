import type { Input } from '@colonies/client'
import { Blueprint, BlueprintDefinition, type JsonValue } from '@colonies/protocol'
import type { TSchema } from 'typebox'
import { isObject } from './arguments.js'
import { checkFields } from './check-fields.js'
import { UsageError } from './exit-codes.js'
import type { Io } from './io.js'
import { refuseOtherColony } from './refuse-other-colony.js'
import { type ReadOptions, readDocument } from './spec-file.js'

// Blueprints and their definitions as people write them: JSON or YAML, in files or on standard input.

type Members = { readonly [key: string]: JsonValue }

/** @throws UsageError when it cannot be read, or is none */
export function readDefinition(
  options: ReadOptions,
  io: Io,
): Promise<Input<'addBlueprintDefinition'>['blueprintdefinition']> {
  return read(options, { io, schema: BlueprintDefinition, hint: '{"metadata": {"name": "..."}, "spec": {...}}' })
}

/** @throws UsageError when it cannot be read, or is none */
export function readBlueprint(options: ReadOptions, io: Io): Promise<Blueprint> {
  const hint = '{"kind": "...", "metadata": {"name": "..."}, "spec": {...}}'
  return read(options, { io, schema: Blueprint, hint })
}

async function read<Document>(
  { file, lenient, colonyname }: ReadOptions,
  { io, schema, hint }: { io: Io; schema: TSchema; hint: string },
): Promise<Document> {
  const value = await readDocument(file, io)
  const what = file === '-' ? 'Standard input' : file
  const metadata = isObject(value) ? (value.metadata ?? null) : null
  if (!isObject(value) || !isObject(metadata)) throw new UsageError(`${what} must hold an object such as ${hint}.`)
  refuseOtherColony(metadata.colonyname, colonyname, what)
  // Examples of other clients have a handler in the blueprint, where nobody looks at it.
  const { handler: _, ...known } = value
  if (!lenient) checkFields(schema, schema === Blueprint ? known : value, what)
  // What does not have the type of the contract is refused by the client, which names the field.
  return { ...value, metadata: { ...metadata, colonyname } } as unknown as Document
}

/**
 * The spec with one member changed.
 *
 * @param path such as `image` or `ports.0.name`; `spec.` before it does not count
 * @throws UsageError when there is no such member
 */
export function withMember(spec: JsonValue, path: string, value: JsonValue): Members {
  const steps = path.replace(/^spec\./, '').split('.')
  return changed(spec, steps, { path, value }) as Members
}

function changed(
  at: JsonValue,
  [step, ...rest]: readonly string[],
  change: { path: string; value: JsonValue },
): JsonValue {
  if (step === undefined) return change.value
  if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) {
    const known = typeof at === 'object' && at !== null ? `; known are ${Object.keys(at).join(', ')}` : ''
    throw new UsageError(
      `The spec has no "${change.path}": there is no "${step}"${known}. \`blueprint update\` can add to it.`,
    )
  }
  if (Array.isArray(at)) return at.map((item, index) => (String(index) === step ? changed(item, rest, change) : item))
  const members = at as Members
  return { ...members, [step]: changed(members[step] ?? null, rest, change) }
}

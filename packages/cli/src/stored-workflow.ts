import { encodeJson, type JsonValue, parseJson } from '@colonies/protocol'
import { isObject } from './arguments.js'
import { UsageError } from './exit-codes.js'
import type { Session } from './session.js'
import { readWorkflowSpec } from './spec-file.js'
import { type Column, formatDescription, formatTable } from './table.js'
import type { View } from './view.js'

/** Workflows that crons and generators keep as text. */

/** @throws UsageError, InvalidError as `workflow submit` does */
export async function readStoredWorkflow(file: string, lenient: boolean, { io, colonyname }: Session): Promise<string> {
  return encodeJson((await readWorkflowSpec({ file, lenient, colonyname }, io)) as unknown as JsonValue)
}

interface Node {
  nodename: string
  funcname: string
  executortype: string
  after: string
}

const columns: readonly Column<Node>[] = [
  { header: 'NODE', of: ({ nodename }) => nodename },
  { header: 'FUNCTION', of: ({ funcname }) => funcname },
  { header: 'TYPE', of: ({ executortype }) => executortype },
  { header: 'AFTER', of: ({ after }) => after },
]

/** One cron or generator, and the nodes of its workflow. */
export function withWorkflow<Row extends { workflowspec: string }>(
  row: Row,
  id: string,
  fields: readonly Column<Row>[],
): View {
  return {
    data: row,
    ids: [id],
    text: (style) =>
      `${formatDescription(row, fields, style)}\n${formatTable(nodesOf(row.workflowspec), columns, style)}`,
  }
}

/** Only what is shown, from a text that others have written. */
function nodesOf(workflowspec: string): Node[] {
  const spec = parseJson(workflowspec)
  const nodes = isObject(spec) && Array.isArray(spec.functionspecs) ? spec.functionspecs.filter(isObject) : []
  return nodes.map(({ nodename, funcname, conditions }) => {
    const { executortype, dependencies } = conditions !== undefined && isObject(conditions) ? conditions : {}
    const after = Array.isArray(dependencies) ? dependencies.map(textOf).join(', ') : ''
    return { nodename: textOf(nodename), funcname: textOf(funcname), executortype: textOf(executortype), after }
  })
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** What can be called by its name, its id, or the beginning of its id. */
export interface Named {
  id: string
  name: string
}

/** @throws UsageError when there is none, or more than one */
export function pickNamed<Thing extends Named>(given: string, things: readonly Thing[], what: string): Thing {
  const named = things.find(({ name, id }) => name === given || id === given)
  if (named) return named
  const begins = things.filter(({ id }) => given.length >= 4 && id.startsWith(given.toLowerCase()))
  const [found, ...more] = begins
  if (found && more.length === 0) return found
  throw new UsageError(
    found
      ? `More than one ${what} has an id that begins with ${given}: give more digits.`
      : `There is no ${what} with name or id ${given}: colonies ${what} ls`,
  )
}

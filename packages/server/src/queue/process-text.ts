import { joinOutputs } from '@colonies/core'
import type { AttributeRow, ProcessRow } from '@colonies/database'
import type { JsonText } from '@colonies/protocol'

const NO_TIME = '"0001-01-01T00:00:00Z"'

const text = (value: string) => JSON.stringify(value)
const time = (value: string | null) => (value === null ? NO_TIME : `"${value}"`)
const list = (values: readonly string[] | null) => (values === null ? '[]' : JSON.stringify(values))

export interface ProcessTextOptions {
  colonyName: string
  attributes: readonly AttributeRow[]
  /** In the reply of an assign, the input of a child whose parents gave no output is `null`. */
  assigned?: boolean
}

/** The reply text of one process. Written by hand: spec, input and output go from the row to the wire untouched. */
export function processText(row: ProcessRow, { colonyName, attributes, assigned = false }: ProcessTextOptions): string {
  const running = row.state === 1
  const ended = row.state > 1
  return `{"processid":"${row.process_id}","initiatorid":${text(row.initiator_id)},"initiatorname":${text(row.initiator_name)},\
"assignedexecutorid":${text(row.holder ?? '')},"isassigned":${running || (ended && row.holder !== null)},"state":${row.state},\
"prioritytime":${row.priority_time},"submissiontime":${time(row.submitted_at)},"starttime":${time(row.started_at)},\
"endtime":${time(row.ended_at)},"waitdeadline":${time(row.wait_deadline)},"execdeadline":${time(row.exec_deadline)},\
"retries":${row.retries},"attributes":[${attributes.map((a) => attributeText(a, colonyName)).join(',')}],\
"spec":${row.spec},"env":${envText(row.env, attributes)}${row.channels === null ? '' : `,"channels":${row.channels}`}},\
"waitforparents":${row.state === 0 && row.open_parents > 0},"parents":${list(row.parents)},"children":${list(row.children)},\
"processgraphid":"${row.graph_id ?? ''}","in":${inputText(row, assigned)},"out":${row.output ?? '[]'},\
"errors":${list(row.errors)}${row.attempt > 0 ? `,"attempt":${row.attempt}` : ''}}`
}

export function attributeText(row: AttributeRow, colonyName: string): string {
  return `{"attributeid":"${row.attribute_id}","targetid":"${row.process_id}","targetcolonyname":${text(colonyName)},\
"targetprocessgraphid":"${row.graph_id ?? ''}","state":${row.state},"attributetype":${row.attribute_type},\
"key":${text(row.key)},"value":${text(row.value)}}`
}

const ENV = 3

/** `env` as submitted, plus what executors added as attributes of type env. */
function envText(submitted: string, attributes: readonly AttributeRow[]): string {
  const added = attributes.filter((attribute) => attribute.attribute_type === ENV)
  if (added.length === 0) return submitted
  const env: Record<string, string> = Object.create(null)
  for (const { key, value } of added) env[key] = value
  return JSON.stringify(env)
}

function inputText(row: ProcessRow, assigned: boolean): string {
  if (row.input !== null) return row.input
  const outputs = (row.inputs ?? []).filter((output): output is JsonText => output !== null)
  const input = joinOutputs(outputs)
  return assigned && input === '[]' && (row.parents?.length ?? 0) > 0 ? 'null' : input
}

import { planWorkflow, type WorkflowPlan } from '@colonies/core'
import { ColoniesError, compileDecoder, type ParsedWorkflowSpec, WorkflowSpec } from '@colonies/protocol'

const decode = compileDecoder(WorkflowSpec, { json: 'text', subject: 'The workflowspec' })

/**
 * Reads a workflow that is kept as text, as crons and generators do.
 *
 * @param colonyName where it is to run; the workflow names this colony or none
 * @throws ColoniesError `bad_request`
 */
export function readStoredWorkflow(text: string, colonyName: string): ParsedWorkflowSpec {
  const spec = decode(text)
  if (spec.colonyname !== '' && spec.colonyname !== colonyName)
    throw new ColoniesError(
      'bad_request',
      `The workflowspec is for colony ${spec.colonyname}, and would run in ${colonyName}: leave its colonyname empty`,
    )
  return spec
}

/** Checks a workflow whole before it is kept. @throws ColoniesError `bad_request` naming the node and the way out */
export function checkStoredWorkflow(text: string, colonyName: string): WorkflowPlan {
  return planWorkflow(readStoredWorkflow(text, colonyName))
}

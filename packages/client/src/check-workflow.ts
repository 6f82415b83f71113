import { planWorkflow } from '@colonies/core'
import { compileDecoder, compileEncoder, WorkflowSpec } from '@colonies/protocol'
import { InvalidError } from './errors.js'

/** @throws InvalidError with the sentence that the server would refuse the workflow with */
export function checkWorkflow(spec: WorkflowSpec): void {
  try {
    planWorkflow(asServerReads(spec))
  } catch (error) {
    throw new InvalidError(error instanceof Error ? error.message : String(error), {
      code: 'bad_request',
      cause: error,
    })
  }
}

/** By way of the wire, so that what is checked is what will be read: with each missing field at its zero value. */
function asServerReads(spec: WorkflowSpec) {
  const encode = compileEncoder(WorkflowSpec, { json: 'value' })
  const decode = compileDecoder(WorkflowSpec, { json: 'text', subject: 'The workflow' })
  return decode(encode(spec))
}

import { type CheckedFunctionSpec, checkFunctionSpec, writeSpec } from '@colonies/core'
import type { NewAttribute, NewProcess } from '@colonies/database'
import { attributeId, newId } from '@colonies/identity'
import { ColoniesError, limits, type ParsedFunctionSpec } from '@colonies/protocol'
import type { Caller } from '../handler.js'
import type { Submission } from '../queue/hot-path.js'

const ENV = 3

interface Wish {
  spec: ParsedFunctionSpec
  /** Ours: '' for none. */
  requestid: string
}

/** Checks a function spec and makes the rows of its process. @throws ColoniesError `bad_request` naming the field */
export function newSubmission(
  { spec, requestid }: Wish,
  colonyName: string,
  caller: Caller,
  where: string,
): Submission {
  checkRequestId(requestid)
  return rowsOf(spec, checkFunctionSpec(spec, where), { colonyName, caller, requestid })
}

/** @throws ColoniesError `bad_request` */
export function checkRequestId(requestid: string): void {
  if (requestid.length > limits.nameLengthMax)
    throw new ColoniesError('bad_request', `requestid must have at most ${limits.nameLengthMax} characters`)
}

interface RowOptions {
  colonyName: string
  caller: Caller
  requestid: string
}

/** The rows of a process whose spec was checked. */
export function rowsOf(
  spec: ParsedFunctionSpec,
  checked: CheckedFunctionSpec,
  { colonyName, caller, requestid }: RowOptions,
): Submission {
  const processId = newId()
  const { head, env, channels } = writeSpec(spec, colonyName)
  const process: NewProcess = {
    processId,
    nodeName: spec.nodename,
    functionName: spec.funcname,
    executorType: spec.conditions.executortype,
    label: spec.label,
    initiatorId: caller.id,
    initiatorName: caller.name,
    initiatorIsUser: caller.kind === 'user',
    priority: spec.priority,
    waitSeconds: checked.waitSeconds,
    execSeconds: checked.execSeconds,
    maxRetries: checked.maxRetries,
    spec: head,
    env,
    channels,
    names: checked.wantedNames,
    location: checked.location,
    cpu: checked.cpu,
    memory: checked.memory,
    requestId: requestid === '' ? null : requestid,
    holder: null,
  }
  return { process, attributes: envAttributes(processId, spec.env) }
}

/** `env` is kept as attributes too: that is where the original's clients look for it. */
function envAttributes(processId: string, env: { readonly [key: string]: string }): NewAttribute[] {
  return Object.entries(env).map(([key, value]) => ({
    processId,
    attributeId: attributeId(processId, key, ENV),
    type: ENV,
    key,
    value,
  }))
}

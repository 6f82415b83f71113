import { type CheckedFunctionSpec, checkFunctionSpec, writeSpec } from '@colonies/core'
import type { NewAttribute, NewProcess } from '@colonies/database'
import { attributeId, newId } from '@colonies/identity'
import { ColoniesError, limits, type ParsedFunctionSpec } from '@colonies/protocol'
import type { Submission } from '../queue/hot-path.js'
import type { Initiator } from './initiator.js'

const ENV = 3

interface Wish {
  spec: ParsedFunctionSpec
  /** Ours: '' for none. */
  requestid: string
  /** What else belongs to the request, where this is no plain submit: the same id for something else is another request. */
  request?: string
}

/** Checks a function spec and makes the rows of its process. @throws ColoniesError `bad_request` naming the field */
export function newSubmission(
  { spec, requestid, request = 'process' }: Wish,
  colonyName: string,
  initiator: Initiator,
  where: string,
): Submission {
  checkRequestId(requestid)
  const processId = newId()
  const process = processOf(spec, checkFunctionSpec(spec, where), { processId, colonyName, initiator })
  if (requestid !== '') process.requestId = `${request} ${requestid}`
  return { process, attributes: envAttributes(processId, spec.env) }
}

/** @throws ColoniesError `bad_request` */
export function checkRequestId(requestid: string): void {
  if (requestid.length > limits.nameLengthMax)
    throw new ColoniesError('bad_request', `requestid must have at most ${limits.nameLengthMax} characters`)
}

interface ProcessOptions {
  processId: string
  colonyName: string
  initiator: Initiator
}

/** The row of a process whose spec was checked; of no request and without a holder. */
export function processOf(
  spec: ParsedFunctionSpec,
  checked: CheckedFunctionSpec,
  { processId, colonyName, initiator }: ProcessOptions,
): NewProcess {
  const { head, env, channels } = writeSpec(spec, colonyName)
  return {
    processId,
    nodeName: spec.nodename,
    functionName: spec.funcname,
    executorType: spec.conditions.executortype,
    label: spec.label,
    initiatorId: initiator.id,
    initiatorName: initiator.name,
    initiatorIsUser: initiator.kind === 'user',
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
    requestId: null,
    holder: null,
  }
}

/** `env` is kept as attributes too: that is where the original's clients look for it. */
export function envAttributes(processId: string, env: { readonly [key: string]: string }): NewAttribute[] {
  return Object.entries(env).map(([key, value]) => ({
    processId,
    attributeId: attributeId(processId, key, ENV),
    type: ENV,
    key,
    value,
  }))
}

import type { BlueprintChange, BlueprintHandler, ReconcileWish } from '@colonies/database'
import { newId } from '@colonies/identity'
import { compileDecoder, encodeJson, FunctionSpec, type JsonValue } from '@colonies/protocol'
import type { Call } from '../handler.js'
import type { Initiator } from './initiator.js'
import { newSubmission } from './new-process.js'

const readSpec = compileDecoder(FunctionSpec, { json: 'text' })

/** What changes of blueprints need of the one who asks: processes and crons in their name. */
export function blueprintChange({ caller, colony }: Pick<Call, 'caller' | 'colony'>): BlueprintChange {
  // The colony owner has no name in its colony.
  const initiator: Initiator = { ...caller, name: caller.name === '' ? colony.name : caller.name }
  return {
    colonyName: colony.name,
    changedBy: caller.id,
    locationId: newId(),
    makeProcess(wish) {
      const spec = readSpec(encodeJson(processSpec(wish)))
      return newSubmission({ spec, requestid: '' }, colony.name, initiator, 'the process that reconciles')
    },
    makeCron: (handler, location) => cronOf(handler, location, { initiator, colonyName: colony.name }),
  }
}

/** All that a reconciler learns: it reads the blueprint itself, so it never works on an old one. */
function processSpec({ handler, location, name, purpose }: ReconcileWish) {
  const { kind, executor_type, function_name } = handler
  return functionSpec({
    executorType: executor_type,
    functionName: purpose === 'cleanup' ? 'cleanup' : function_name,
    location,
    kwargs: { blueprintName: name, ...(purpose === 'force' && { force: true }), kind },
  })
}

interface SpecParts {
  executorType: string
  functionName: string
  location: string
  kwargs: { [name: string]: JsonValue }
}

function functionSpec({ executorType, functionName, location, kwargs }: SpecParts) {
  return {
    nodename: nodeName(executorType, functionName),
    funcname: functionName,
    kwargs,
    maxwaittime: 0,
    maxexectime: -1,
    maxretries: -1,
    conditions: { executortype: executorType, locationname: location },
  }
}

/** Of the processes that a handler gets. */
export function nodeName(executorType: string, functionName: string): string {
  return `${executorType}-${functionName}`
}

function cronOf(
  handler: BlueprintHandler,
  location: string,
  { initiator, colonyName }: { initiator: Initiator; colonyName: string },
): ReturnType<BlueprintChange['makeCron']> {
  const { kind, executor_type, function_name, interval_seconds } = handler
  const spec = functionSpec({ executorType: executor_type, functionName: function_name, location, kwargs: { kind } })
  return {
    cron_id: newId(),
    name: `reconcile-${kind}${location === '' ? '' : `-${location}`}`,
    initiator_id: initiator.id,
    initiator_name: initiator.name,
    initiator_is_user: initiator.kind === 'user',
    interval_seconds,
    expression: '',
    random: false,
    time_zone: '',
    server_time_zone: 'UTC',
    catchup: false,
    // A round that is not over is enough: the next one would do the same.
    waits: true,
    overlap: '',
    workflow: encodeJson({ colonyname: colonyName, functionspecs: [spec] }),
  }
}

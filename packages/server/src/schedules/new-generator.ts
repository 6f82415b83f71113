import { checkLabel } from '@colonies/core'
import type { NewGenerator } from '@colonies/database'
import { newId } from '@colonies/identity'
import { ColoniesError, type Generator, limits } from '@colonies/protocol'
import type { Initiator } from '../submission/initiator.js'
import { checkStoredWorkflow } from './stored-workflow.js'

/** Checks a generator whole, its workflow included, and makes its row. @throws ColoniesError `bad_request` */
export function newGenerator(generator: Generator, colonyName: string, initiator: Initiator): NewGenerator {
  const { name, trigger, timeout, workflowspec } = generator
  if (name === '') throw new ColoniesError('bad_request', 'generator.name must not be empty')
  checkLabel(name, 'generator.name')
  if (trigger < 1 || trigger > limits.generatorTriggerMax)
    throw new ColoniesError(
      'bad_request',
      `generator.trigger is how many arguments go into one workflow: 1 to ${limits.generatorTriggerMax}, not ${trigger}`,
    )
  const { roots } = checkStoredWorkflow(workflowspec, colonyName)
  return {
    generator_id: newId(),
    name,
    initiator_id: initiator.id,
    initiator_name: initiator.name,
    initiator_is_user: initiator.kind === 'user',
    workflow: workflowspec,
    trigger_count: trigger,
    timeout_seconds: timeout,
    arg_bytes_max: argBytesMax(trigger, roots.length),
  }
}

/** Each root gets all arguments of a graph; that is bounded together, since it is stored with each graph. */
function argBytesMax(trigger: number, roots: number): number {
  const bytes = Math.floor(limits.generatorInputBytesMax / (trigger * roots))
  if (bytes >= 64) return Math.min(limits.generatorArgBytesMax, bytes)
  throw new ColoniesError(
    'bad_request',
    `The arguments of one graph, ${trigger} for each of its ${roots} roots, would be too many: take a smaller trigger`,
  )
}

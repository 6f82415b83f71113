import type { WorkflowSpec } from '@colonies/protocol'
import { InvalidError } from './errors.js'

export function checkWorkflow({ functionspecs }: WorkflowSpec): void {
  if (functionspecs.length === 0) throw new InvalidError('A workflow needs at least one node.')
}

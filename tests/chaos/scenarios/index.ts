import type { Scenario } from '../scenario.js'
import { killReplicas } from './kill-replicas.js'

export const scenarios: readonly Scenario[] = [killReplicas]

import type { Scenario } from '../scenario.js'
import { killReplicas } from './kill-replicas.js'
import { partitions } from './partitions.js'

export const scenarios: readonly Scenario[] = [killReplicas, partitions]

import type { Scenario } from '../scenario.js'
import { failover, switchover } from './failover.js'
import { killReplicas } from './kill-replicas.js'
import { partitions } from './partitions.js'
import { postmaster, readOnly } from './postmaster.js'
import { rollingUpgrade } from './rolling-upgrade.js'

export const scenarios: readonly Scenario[] = [
  killReplicas,
  partitions,
  failover,
  switchover,
  postmaster,
  readOnly,
  rollingUpgrade,
]

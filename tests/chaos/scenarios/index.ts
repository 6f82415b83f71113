import type { Scenario } from '../scenario.js'
import { failover, switchover } from './failover.js'
import { killChannels } from './kill-channels.js'
import { killReplicas } from './kill-replicas.js'
import { killSchedules } from './kill-schedules.js'
import { longPolls } from './long-polls.js'
import { partitions } from './partitions.js'
import { pauses } from './pauses.js'
import { postmaster, readOnly } from './postmaster.js'
import { pressure } from './pressure.js'
import { rollingUpgrade } from './rolling-upgrade.js'
import { soak } from './soak.js'

// One on each line, by name.
// biome-ignore format: a line for each, so that two new ones do not meet
export const scenarios: readonly Scenario[] = [
  failover,
  killChannels,
  killReplicas,
  killSchedules,
  longPolls,
  partitions,
  pauses,
  postmaster,
  pressure,
  readOnly,
  rollingUpgrade,
  soak,
  switchover,
]

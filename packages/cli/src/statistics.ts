import type { Output } from '@colonies/client'
import type { Column } from './table.js'

const labels = {
  executors: 'Executors',
  activeexecutors: 'Executors, active',
  unregisteredexecutors: 'Executors, removed',
  waitingprocesses: 'Processes, waiting',
  runningprocesses: 'Processes, running',
  successfulprocesses: 'Processes, success',
  failedprocesses: 'Processes, failed',
  cancelledprocesses: 'Processes, cancelled',
  waitingworkflows: 'Workflows, waiting',
  runningworkflows: 'Workflows, running',
  successfulworkflows: 'Workflows, success',
  failedworkflows: 'Workflows, failed',
  cancelledworkflows: 'Workflows, cancelled',
} as const

/** The counts of a colony, or of a whole server. */
export const statisticsFields: readonly Column<Output<'getColonyStatistics'>>[] = Object.entries(labels).map(
  ([field, header]) => ({ header, of: (statistics) => statistics[field as keyof typeof labels] }),
)

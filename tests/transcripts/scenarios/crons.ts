import { after, oneExecutor, type Scenario, twice } from './steps.js'

const withCron =
  (name: string): Scenario =>
  async (world) => {
    await world.has('executor1')
    const { cronid } = await world.replay('addcronmsg', name)
    return { fields: { cronid: String(cronid) } }
  }

const withTwoCrons: Scenario = async (world, one) => {
  await withCron('add cron with expression')(world, one)
  return withCron('add cron with interval')(world, one)
}

export const cronScenarios: Record<string, Scenario> = {
  addcronmsg: oneExecutor,
  'addcronmsg: add cron with a name in use': twice(oneExecutor),
  getcronmsg: withCron('add cron with expression'),
  'getcronmsg: get cron after run': after(withCron('add cron with interval'), 'runcronmsg', 'run cron'),
  getcronsmsg: withTwoCrons,
  'getcronsmsg: list crons when there are none': oneExecutor,
  removecronmsg: withCron('add cron with expression'),
  runcronmsg: withCron('add cron with interval'),
}

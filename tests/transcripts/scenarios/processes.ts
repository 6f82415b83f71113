import {
  after,
  closed,
  failed,
  has,
  logged,
  loggedLines,
  oneExecutor,
  pending,
  running,
  runningOf,
  type Scenario,
  submit,
  twice,
  waiting,
  withAttribute,
} from './steps.js'

export const processScenarios: Record<string, Scenario> = {
  addattributemsg: running,
  'addattributemsg: add attribute to a waiting process': waiting,
  addlogmsg: running,
  "addlogmsg: add log to another executor's process": async (world, one) => {
    await world.has('executor2')
    return runningOf('executor1')(world, one)
  },
  assignprocessmsg: waiting,
  'assignprocessmsg: assign times out': oneExecutor,
  'assignprocessmsg: pycolonies: assignprocessmsg': async (world, one) => {
    await world.addPending('executor1', 'test-executor-type')
    await world.approve('executor1')
    await submit(world, one)
    return {}
  },
  cancelprocessmsg: waiting,
  'cancelprocessmsg: cancel a cancelled process': twice(waiting),
  closefailedmsg: running,
  closesuccessfulmsg: running,
  'closesuccessfulmsg: close a waiting process': waiting,
  getattributemsg: withAttribute,
  getlogsmsg: logged,
  'getlogsmsg: logs of a process without logs': running,
  'getlogsmsg: pycolonies: getlogsmsg': loggedLines('test_log_msg'),
  getpausestatusmsg: oneExecutor,
  'getpausestatusmsg: pause status': after(oneExecutor, 'pauseassignmentsmsg', 'pause assignments'),
  getprocessesmsg: waiting,
  'getprocessesmsg: list waiting processes when there are none': oneExecutor,
  getprocesshistmsg: closed,
  getprocessmsg: waiting,
  'getprocessmsg: get successful process': closed,
  'getprocessmsg: get process of another colony': async (world, one) => {
    await world.has('executor3')
    return waiting(world, one)
  },
  pauseassignmentsmsg: has('colony1'),
  removeallprocessesmsg: failed,
  removeprocessmsg: waiting,
  'removeprocessmsg: remove a running process': running,
  resumeassignmentsmsg: after(has('colony1'), 'pauseassignmentsmsg', 'pause assignments'),
  searchlogsmsg: logged,
  setoutputmsg: running,
  "setoutputmsg: set output of another executor's process": async (world, one) => {
    await world.has('executor2')
    return runningOf('executor1')(world, one)
  },
  submitfuncspecmsg: oneExecutor,
  'submitfuncspecmsg: submit as unapproved executor': pending,
}

import {
  after,
  closed,
  described,
  has,
  nothing,
  oneExecutor,
  pending,
  removed,
  type Scenario,
  twice,
  twoExecutors,
  withFunction,
  withLocation,
} from './steps.js'

export const directoryScenarios: Record<string, Scenario> = {
  addcolonymsg: nothing,
  'addcolonymsg: add colony with an id in use': has('colony1'),
  'addcolonymsg: add colony with a name in use': has('colony1'),
  addexecutorlogmsg: twoExecutors,
  addexecutormsg: async (world) => {
    await world.has('colony1')
    return { as: 'colony1' }
  },
  'addexecutormsg: add executor twice': oneExecutor,
  addfunctionmsg: twoExecutors,
  'addfunctionmsg: add function twice': twice(oneExecutor),
  addlocationmsg: oneExecutor,
  'addlocationmsg: add location with a name in use': withLocation,
  addusermsg: oneExecutor,
  'addusermsg: add user with an id in use': has('user1'),
  'addusermsg: add user with a name in use': has('user1'),
  approveexecutormsg: pending,
  changecolonyidmsg: has('colony1'),
  changeserveridmsg: nothing,
  'changeserveridmsg: change server id with the old key': twice(nothing),
  'changecolonyidmsg: change colony id with the old key': twice(has('colony1')),
  changeexecutoridmsg: oneExecutor,
  'changeexecutoridmsg: change executor id with the old key': twice(oneExecutor),
  'changeexecutoridmsg: change executor id to an invalid id': after(
    oneExecutor,
    'changeexecutoridmsg',
    'change executor id',
  ),
  changeuseridmsg: has('user1'),
  'changeuseridmsg: change user id with the old key': twice(has('user1')),
  getclustermsg: nothing,
  getcoloniesmsg: has('colony1', 'colony2'),
  'getcoloniesmsg: list colonies when there are none': nothing,
  getcolonymsg: has('executor1', 'colony2'),
  getcolonystatsmsg: closed,
  getexecutorbyidmsg: oneExecutor,
  getexecutormsg: described,
  'getexecutormsg: get executor after updates': after(
    after(oneExecutor, 'updateexecutormsg', 'update executor capabilities'),
    'reportallocationmsg',
    'report allocation',
  ),
  'getexecutormsg: get removed executor': removed,
  getexecutorsmsg: described,
  'getexecutorsmsg: list executors as unapproved executor': async (world) => {
    await world.addPending('executor1')
    await world.addPending('executor2')
    return {}
  },
  'getexecutorsmsg: list executors of another colony': has('executor1', 'colony2'),
  'getexecutorsmsg: list executors of a removed colony': async (world) => {
    await world.has('executor1')
    await world.replay('changeexecutoridmsg', 'change executor id')
    await world.replay('removecolonymsg', 'remove colony')
    return {}
  },
  getfunctionsmsg: withFunction('add function'),
  'getfunctionsmsg: list functions when there are none': oneExecutor,
  'getfunctionsmsg: pycolonies: getfunctionsmsg': withFunction('pycolonies: addfunctionmsg'),
  getlocationmsg: withLocation,
  getlocationsmsg: withLocation,
  'getlocationsmsg: list locations when there are none': oneExecutor,
  getnodemsg: nothing,
  getnodesbylocationmsg: nothing,
  getnodesmsg: nothing,
  getserverinfomsg: nothing,
  getstatisticsmsg: closed,
  'getstatisticsmsg: statistics of an empty server': nothing,
  getuserbyidmsg: has('executor1', 'user1'),
  getusermsg: has('executor1', 'user1'),
  getusersmsg: has('executor1', 'user1'),
  'getusersmsg: list users when there are none': oneExecutor,
  rejectexecutormsg: has('executor4'),
  removecolonymsg: has('colony1', 'colony2'),
  removeexecutormsg: has('executor4'),
  removefunctionmsg: withFunction('add function'),
  removelocationmsg: withLocation,
  removeusermsg: has('user1'),
  reportallocationmsg: twoExecutors,
  updateexecutormsg: oneExecutor,
  versionmsg: nothing,
}

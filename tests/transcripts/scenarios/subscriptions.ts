import { assign, close, duringSubscription, oneExecutor, running, type Scenario, submit, waiting } from './steps.js'

export const subscriptionScenarios: Record<string, Scenario> = {
  subscribeprocessesmsg: oneExecutor,
  'subscribeprocessesmsg: subscribe to waiting processes': duringSubscription(oneExecutor, (world, _, one) =>
    submit(world, one),
  ),
  subscribeprocessmsg: waiting,
  'subscribeprocessmsg: subscribe to one process, running': duringSubscription(waiting, assign),
  'subscribeprocessmsg: subscribe to a state the process is already in': running,
  'subscribeprocessmsg: subscribe to one process, successful': duringSubscription(running, close),
}

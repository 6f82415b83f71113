import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Crowd, loopSteps, startCrowd } from './crowd.js'
import { addHolders, fillProcesses, type Ids, idsLike } from './fill-processes.js'
import { assertForgotten, untilCounted } from './forgetting.js'
import { assertSameMemory, assertSamePace, pace, type Steps, walk, warmUp } from './pace.js'
import { assertRemoved } from './removal.js'

const WATCHING = 'the end of a process, as who watches it hears of it'

test('a colony with 100 000 processes of each state, and what they have, is as fast as ever, and goes whole', async (t) => {
  const crowd = await startCrowd(t)
  const { colonyname } = crowd
  const { user } = crowd.scene.clients
  const first = await crowd.scene.held({ channels: ['a'] })
  await addHolders(crowd)
  await fillProcesses(crowd, first, { from: 1, to: 1_000 })
  const steps = { ...readingSteps(crowd, idsLike(first)), ...writingSteps(crowd), ...loopSteps(crowd) }
  await warmUp(steps)
  await untilCounted(crowd)
  const few = await pace(steps)
  // A transaction of another test can hide an event until the poll of the next second, or of the one after.
  few[WATCHING] = Math.max(few[WATCHING] ?? 0, 1_000)
  await fillProcesses(crowd, first, { from: 1_001, to: 100_000 })
  await untilCounted(crowd)
  await assertSamePace(t, steps, few)
  await assertSameMemory(t, crowd.server, async () => {
    const list = { colonyname, state: 2, count: 100 }
    const ended = await walk(
      async (last: { processid: string } | undefined) =>
        (await user.getProcesses({ ...list, label: 'many', after: last?.processid ?? '' })) ?? [],
    )
    const graphs = await walk(
      async (last: { processgraphid: string } | undefined) =>
        (await user.getProcessGraphs({ ...list, after: last?.processgraphid ?? '' })) ?? [],
    )
    assert.deepEqual({ ended, graphs }, { ended: 100_000, graphs: 50_000 })
  })
  await assertForgotten(t, crowd)
  await assertRemoved(t, crowd)
})

function readingSteps({ scene, colonyname }: Crowd, ids: Ids): Steps {
  const { user } = scene.clients
  const list = (state: number, after: string) => () => user.getProcesses({ colonyname, state, count: 10, after })
  return {
    'the first that wait': list(0, ''),
    'some that wait, deep': list(0, ids.waiting(900)),
    'the first that run': list(1, ''),
    'some that run, deep': list(1, ids.running(900)),
    'the newest that ended': list(2, ''),
    'some that ended, deep': list(2, ids.ended(900)),
    'some with a label': () => user.getProcesses({ colonyname, state: 2, count: 10, label: 'many' }),
    'one with attributes': () => user.getProcess({ processid: ids.ended(501) }),
    'its events': () => user.getProcessEvents({ processid: ids.ended(501) }),
    'an attribute': () => user.getAttribute({ attributeid: ids.attribute(501) }),
    'the newest graphs': () => user.getProcessGraphs({ colonyname, state: 2, count: 10 }),
    'some graphs, deep': () => user.getProcessGraphs({ colonyname, state: 2, count: 10, after: ids.graph(901) }),
    'a graph': () => user.getProcessGraph({ processgraphid: ids.graph(501) }),
    'the statistics': () => user.getColonyStatistics({ colonyname }),
  }
}

function writingSteps({ scene, colonyname }: Crowd): Steps {
  const { user, ada } = scene.clients
  // Before all that waits.
  const spec = { funcname: 'f', conditions: { colonyname, executortype: 'cli' }, priority: 10 }
  const assign = () => ada.assign({ colonyname, timeout: 10 })
  return {
    'a process from its submit to its close': async () => {
      await user.submit({ spec })
      const { processid } = await assign()
      await ada.addAttribute({ attribute: { targetid: processid, attributetype: 1, key: 'k', value: 'v' } })
      await ada.closeSuccessful({ processid, out: [] })
    },
    [WATCHING]: async () => {
      const { processid } = await user.submit({ spec })
      const frames = user.subscribeProcess({ processid, executortype: 'cli', state: 2, timeout: 60 })
      await assign()
      await ada.closeSuccessful({ processid, out: [] })
      const { value } = await frames.next()
      assert.equal(value?.state, 2)
      await frames.return?.()
    },
    'a channel is written and read': async () => {
      await user.submit({ spec: { ...spec, channels: ['a'] } })
      const { processid } = await assign()
      await user.channelAppend({ processid, name: 'a', payload: new Uint8Array([1]) })
      await ada.channelRead({ processid, name: 'a' })
      await ada.closeSuccessful({ processid, out: [] })
    },
    'a process comes and goes': async () => {
      const { processid } = await user.submit({ spec: { ...spec, conditions: { colonyname, executortype: 'none' } } })
      await user.removeProcess({ processid })
    },
    'a graph comes and goes': async () => {
      const functionspecs = [{ nodename: 'a', funcname: 'f', conditions: { executortype: 'none' } }]
      const { processgraphid } = await user.submitWorkflow({ spec: { colonyname, functionspecs } })
      await user.removeProcessGraph({ processgraphid })
    },
  }
}

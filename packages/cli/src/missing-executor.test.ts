import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExecutorState, type Process, State, zeroTime } from '@colonies/protocol'
import { tellWhoIsMissing, whoIsMissing } from './missing-executor.js'
import type { Session } from './session.js'

const { pending, approved, rejected } = ExecutorState
const since = '2026-11-21T10:00:00Z'
const executor = (state: number, lastheardfromtime = '2026-11-21T10:00:01Z', executorname = 'ada') => ({
  executorname,
  executortype: 'maths',
  state,
  lastheardfromtime,
})

function missing(type: string, names: string[] | null, ...executors: ReturnType<typeof executor>[]) {
  const conditions = { colonyname: 'dev', executortype: type, executornames: names }
  return whoIsMissing({ conditions } as Process['spec'], executors, Date.parse(since))
}

test('who waits hears which executor is missing, and what to do', () => {
  const cases = [
    { state: approved, type: 'maths', names: null, says: undefined },
    { state: approved, type: 'maths', names: ['ada'], says: undefined },
    { state: approved, type: 'physics', names: null, says: /^colony dev has no executor of type physics: / },
    { state: approved, type: 'maths', names: ['bob'], says: /type maths named bob: / },
    { state: pending, type: 'maths', names: null, says: /ada is not approved: colonies executor approve ada$/ },
    { state: rejected, type: 'maths', names: null, says: /no executor of type maths/ },
  ]
  for (const { state, type, names, says } of cases) {
    const said = missing(type, names, executor(state))
    if (says) assert.match(said ?? '', says)
    else assert.equal(said, undefined)
  }
})

test('who waits for executors that are there but silent hears since when', () => {
  const old = executor(approved, '2026-11-20T10:00:00Z')
  const never = executor(approved, zeroTime, 'bob')
  assert.match(missing('maths', ['ada'], old) ?? '', /^executor ada was last heard from at 2026-11-2.* Does it run\?$/)
  assert.match(missing('maths', null, never) ?? '', /^executor bob has never been heard from\. Does it run\?$/)
  assert.match(missing('maths', null, never, old) ?? '', /^none of 2 executors .* the last one, ada, was last heard/)
  assert.equal(missing('maths', null, old, executor(approved, since, 'eve')), undefined)
})

test('who waits in a colony that is paused hears that, and who ends it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const said: string[] = []
  const session = {
    colonyname: 'dev',
    patientMember: {
      getProcess: async () => ({ state: State.waiting, spec: {}, submissiontime: since }),
      getPauseStatus: async () => ({ ispaused: true }),
    },
    out: { say: (line: string) => said.push(line) },
  } as unknown as Session
  const told = tellWhoIsMissing('a'.repeat(64), session, new AbortController().signal)
  t.mock.timers.tick(3_000)
  await told
  assert.match(said.join(), /colony dev is paused\. .* colonies colony resume dev$/)
})

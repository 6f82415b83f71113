import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExecutorState, type Process } from '@colonies/protocol'
import { whoIsMissing } from './missing-executor.js'

const { pending, approved, rejected } = ExecutorState
const ada = (state: number) => ({ executorname: 'ada', executortype: 'maths', state })

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
    const conditions = { colonyname: 'dev', executortype: type, executornames: names }
    const missing = whoIsMissing({ conditions } as Process['spec'], [ada(state)])
    if (says) assert.match(missing ?? '', says)
    else assert.equal(missing, undefined)
  }
})

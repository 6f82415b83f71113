import assert from 'node:assert/strict'
import { test } from 'node:test'
import { State } from '@colonies/protocol'
import { type CallRecord, History } from '../history.js'
import { compareSeenAndStored } from './seen-and-stored.js'
import type { StoredColony, StoredEnd } from './stored-colony.js'

const ended = (changes: Partial<StoredEnd> = {}): StoredEnd => ({
  state: State.success,
  holder: 'ada',
  attempt: 1,
  output: '["p"]',
  ...changes,
})

const stored = (changes: Partial<StoredColony> = {}): StoredColony => ({
  name: 'chaos',
  results: new Map([['p', ended()]]),
  live: new Set(),
  unfinished: new Set(),
  labels: new Map([['l', ['p']]]),
  inputs: new Map(),
  cancelled: new Set(),
  givenBack: [],
  foreign: new Set(),
  ...changes,
})

const call = (operation: string, changes: Partial<CallRecord> = {}): CallRecord => ({
  client: operation === 'submit' ? 'me' : 'ada',
  colony: 'chaos',
  operation,
  ids: ['p'],
  labels: operation === 'submit' ? ['l'] : [],
  attempt: operation === 'submit' ? undefined : 1,
  detail: operation === 'closeSuccessful' ? '["p"]' : undefined,
  started: 0,
  ended: 1,
  outcome: 'ok',
  code: undefined,
  tries: [],
  ...changes,
})

const submit = call('submit')
const assign = call('assign', { detail: '[]' })
const close = call('closeSuccessful')
const life = [submit, assign, close]
const bobsClose = call('closeSuccessful', { client: 'bob', attempt: 2 })
const givenBack = [{ processId: 'p', attempt: 1, holder: 'ada' }]

interface Case {
  name: string
  calls: CallRecord[]
  tables?: Partial<StoredColony>
  /** The faults that are found, by the number of their invariant; none: all is well. */
  found: number[]
  says?: RegExp
}

const gone = { results: new Map(), labels: new Map() }
const cases: Case[] = [
  { name: 'a whole life', calls: life, found: [] },
  {
    name: 'a submit that nobody knows the outcome of, done',
    calls: [call('submit', { outcome: 'unknown', ids: [] }), assign, close],
    found: [],
  },
  {
    name: 'a submit that nobody knows the outcome of, not done',
    calls: [call('submit', { outcome: 'unknown', ids: [] })],
    tables: gone,
    found: [],
  },
  {
    name: 'a close that nobody knows the outcome of',
    calls: [submit, assign, call('closeSuccessful', { outcome: 'unknown' })],
    found: [],
  },
  {
    name: 'a late close that was refused',
    calls: [...life, call('closeSuccessful', { client: 'bob', attempt: 0, outcome: 'refused' })],
    found: [],
  },
  { name: 'a lost submit', calls: [submit], tables: gone, found: [1], says: /in 0 of live and results/ },
  {
    name: 'a process in both tables',
    calls: life,
    tables: { live: new Set(['p']) },
    found: [1],
    says: /in 2 of live and results/,
  },
  {
    name: 'a submit that was done twice',
    calls: life,
    tables: { labels: new Map([['l', ['p', 'q']]]) },
    found: [1],
    says: /made 2/,
  },
  {
    name: 'an answer that names another process',
    calls: life,
    tables: { labels: new Map([['l', ['q']]]) },
    found: [1],
    says: /another process/,
  },
  {
    name: 'a refused submit that was done',
    calls: [call('submit', { outcome: 'refused', ids: [] }), assign, close],
    found: [8],
    says: /was refused and is there/,
  },
  {
    name: 'one attempt given to two',
    calls: [...life, call('waitForProcess', { client: 'bob', detail: '[]' })],
    found: [2],
    says: /given away twice/,
  },
  {
    name: 'an attempt after the end',
    calls: [...life, call('assign', { attempt: 2, detail: '[]' })],
    found: [2],
    says: /its end is of attempt 1/,
  },
  {
    name: 'two ends',
    calls: [...life, call('closeSuccessful', { client: 'bob', attempt: 2 })],
    found: [3, 4],
    says: /closed twice/,
  },
  {
    name: 'an end that did not stay',
    calls: life,
    tables: { results: new Map([['p', ended({ output: '["other"]' })]]) },
    found: [3],
    says: /did not stay/,
  },
  {
    name: 'a stale attempt whose close was taken',
    calls: [submit, assign, close, call('closeSuccessful', { client: 'bob', attempt: 2, outcome: 'unknown' })],
    tables: { results: new Map([['p', ended({ holder: 'bob', attempt: 2 })]]) },
    found: [4],
    says: /stale attempt 1/,
  },
  {
    name: 'a close by one who never held it',
    calls: [submit, assign, close, call('closeSuccessful', { client: 'bob', attempt: undefined })],
    found: [3, 4],
    says: /did not hold it/,
  },
  {
    name: 'an output of a stale attempt',
    calls: [
      submit,
      assign,
      call('assign', { client: 'bob', attempt: 2, detail: '[]' }),
      call('setOutput', { started: 2, ended: 3 }),
      call('closeSuccessful', { client: 'bob', attempt: 2 }),
    ],
    tables: { results: new Map([['p', ended({ holder: 'bob', attempt: 2 })]]) },
    found: [4],
    says: /setOutput of stale attempt 1/,
  },
  { name: 'an end that nobody made', calls: [submit, assign], found: [4], says: /nobody ended it so/ },
  {
    name: 'a child with the output of one parent',
    calls: life,
    tables: { inputs: new Map([['p', '[1,2]']]) },
    found: [5],
    says: /another input/,
  },
  {
    name: 'a refused close that was done',
    calls: [submit, assign, call('closeSuccessful', { outcome: 'refused' })],
    found: [4, 8],
    says: /closed by a call that was refused/,
  },
  {
    name: 'a process of another colony',
    calls: life,
    tables: { foreign: new Set(['p']) },
    found: [9, 9, 9],
    says: /another colony/,
  },
  {
    name: 'a process that its holder gave back',
    calls: [submit, assign, call('unassign'), call('assign', { client: 'bob', attempt: 2, detail: '[]' }), bobsClose],
    tables: { givenBack, results: new Map([['p', ended({ holder: 'bob', attempt: 2 })]]) },
    found: [],
  },
  {
    name: 'a process that went back though its holder did not ask',
    calls: [submit, assign, call('assign', { client: 'bob', attempt: 2, detail: '[]' }), bobsClose],
    tables: { givenBack, results: new Map([['p', ended({ holder: 'bob', attempt: 2 })]]) },
    found: [4],
    says: /went back, and ada held it/,
  },
  {
    name: 'a reply that reached nobody, given back',
    calls: [submit, call('assign', { client: 'bob', attempt: 2, detail: '[]' }), bobsClose],
    tables: { givenBack, results: new Map([['p', ended({ holder: 'bob', attempt: 2 })]]) },
    found: [],
  },
  {
    name: 'a wait of an hour',
    calls: [...life, call('assign', { ids: [], ended: 3_600_000 })],
    found: [11],
    says: /took 3600000 ms/,
  },
  {
    name: 'work that never ends',
    calls: [submit],
    tables: { results: new Map(), live: new Set(['p']), unfinished: new Set(['p']) },
    found: [11],
    says: /never ended/,
  },
]

for (const { name, calls, tables, found, says } of cases) {
  test(`the judge of what clients saw: ${name}`, () => {
    const history = new History()
    history.add(calls)
    const faults = compareSeenAndStored(history, stored(tables))
    assert.deepEqual(faults.map(({ invariant }) => invariant).sort(), found.sort(), JSON.stringify(faults))
    if (says) assert.match(faults.map((one) => one.says).join('\n'), says)
  })
}

test('the judge of what clients saw: a call that has not ended', () => {
  const history = new History()
  history.add(life)
  history.begin('ada', 'assign')
  const faults = compareSeenAndStored(history, stored())
  assert.match(faults.map(({ says }) => says).join(), /assign has not ended/)
})

test('the judge of what clients saw: an end by one that was killed before it could tell', () => {
  const history = new History()
  history.add([submit, assign])
  history.killed.add('ada')
  assert.deepEqual(compareSeenAndStored(history, stored()), [])
})

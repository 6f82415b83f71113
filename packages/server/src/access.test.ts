import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byName, byProcess, type CallerKind, ColoniesError, type ColonyReference } from '@colonies/protocol'
import { checkAccess } from './access.js'
import type { Membership, Rights } from './directory/rights.js'
import type { Colony } from './handler.js'

const colonies: Colony[] = [
  { key: 1, name: 'dev', ownerId: 'dev-owner', paused: false },
  { key: 2, name: 'lab', ownerId: 'lab-owner', paused: true },
]

const user = { role: 'user', approved: true, type: '', location: '' } as const
const executor = { role: 'executor', approved: true, type: 'cli', location: 'home' } as const
const inDev = { colony: 1, colonyName: 'dev' }
const inLab = { colony: 2, colonyName: 'lab' }

const members: Record<string, Membership[]> = {
  ada: [{ ...inDev, ...user, name: 'ada' }],
  approved: [{ ...inDev, ...executor, name: 'e1' }],
  pending: [{ ...inDev, ...executor, name: 'e2', approved: false }],
  both: [
    { ...inDev, ...user, name: 'both' },
    { ...inDev, ...executor, name: 'e3', approved: false },
  ],
  traveller: [
    { ...inDev, ...user, name: 'traveller' },
    { ...inLab, ...executor, name: 'e4' },
  ],
  stranded: [{ colony: 7, colonyName: 'dev', ...user, name: 'of-the-removed-dev' }],
}

const processes: Record<string, number> = { 'dev-process': 1, 'lab-process': 2 }

const rights: Rights = {
  membershipsOf: async (id) => members[id] ?? [],
  colonyNamed: async (name) => colonies.find((colony) => colony.name === name),
  coloniesOwnedBy: async (id) => colonies.filter((colony) => colony.ownerId === id),
  serverOwnerId: async () => 'server-owner',
  findColonyOf: async ({ key }, keys) => keys.find((colony) => colony === processes[key]),
  forget: () => false,
}

async function outcome(kind: CallerKind, callerId: string, reference?: ColonyReference): Promise<string> {
  try {
    const { caller, colony } = await checkAccess({ kind, callerId, reference }, rights)
    return reference ? `${caller.kind} ${caller.name} in ${colony.name}` : `${caller.kind} ${caller.name}`
  } catch (error) {
    if (error instanceof ColoniesError) return `${error.status} ${error.message}`
    throw error
  }
}

const notMember = '403 Access denied, not a member of Colony with name'
const waits = 'this executor waits for its approval by the colony owner'
const notOwner = '403 Access denied, not colony owner'
const nameless = '403 Access denied, the request names no colony: fill in its colonyname'
const dev = byName('dev')
const lab = byName('lab')
const devProcess = byProcess('dev-process')
const labProcess = byProcess('lab-process')

const table: [kind: CallerKind, callerId: string, reference: ColonyReference | undefined, outcome: string][] = [
  ['anyone', '', undefined, 'none '],
  ['any-key', 'stranger', undefined, 'none '],
  ['server-owner', 'server-owner', undefined, 'none '],
  ['server-owner', 'dev-owner', undefined, '403 Access denied, not server owner'],

  ['member-or-owner', 'dev-owner', dev, 'none  in dev'],
  ['member-or-owner', 'dev-owner', lab, `${notMember} lab`],
  ['member-or-owner', 'dev-owner', devProcess, 'none  in dev'],
  ['member-or-owner', 'dev-owner', labProcess, '403 Access denied, not a member of the Colony of this process'],
  ['member-or-owner', 'dev-owner', byName(''), nameless],
  ['member-or-owner', 'ada', dev, 'user ada in dev'],
  ['member-or-owner', 'ada', devProcess, 'user ada in dev'],
  ['member-or-owner', 'approved', dev, 'executor e1 in dev'],
  ['member-or-owner', 'pending', dev, `${notMember} dev: ${waits}`],
  ['member-or-owner', 'stranger', dev, `${notMember} dev`],
  ['member-or-owner', 'stranger', devProcess, '403 Access denied, not a member of the Colony of this process'],

  ['colony-owner', 'dev-owner', dev, 'none  in dev'],
  ['colony-owner', 'dev-owner', lab, notOwner],
  ['colony-owner', 'dev-owner', byName('nowhere'), notOwner],
  ['colony-owner', 'dev-owner', byName(''), nameless],
  ['colony-owner', 'server-owner', dev, notOwner],
  ['colony-owner', 'ada', dev, notOwner],

  ['any-member', 'ada', dev, 'user ada in dev'],
  ['any-member', 'approved', dev, 'executor e1 in dev'],
  ['any-member', 'pending', dev, 'executor e2 in dev'],
  ['any-member', 'stranger', dev, `${notMember} dev`],

  ['member', 'ada', dev, 'user ada in dev'],
  ['member', 'approved', dev, 'executor e1 in dev'],
  ['member', 'both', dev, 'user both in dev'],
  ['member', 'pending', dev, `${notMember} dev: ${waits}`],
  ['member', 'ada', lab, `${notMember} lab`],
  ['member', 'ada', byName('nowhere'), `${notMember} nowhere`],
  ['member', 'ada', byName(''), nameless],
  ['member', 'dev-owner', dev, `${notMember} dev`],
  ['member', 'server-owner', dev, `${notMember} dev`],
  ['member', 'stranded', dev, `${notMember} dev`],

  ['executor', 'approved', dev, 'executor e1 in dev'],
  ['executor', 'pending', dev, `${notMember} dev: ${waits}`],
  ['executor', 'both', dev, `${notMember} dev: ${waits}`],
  ['executor', 'ada', dev, '403 Access denied, only executors may do this in Colony with name dev, and this is a user'],
  ['executor', 'stranger', dev, `${notMember} dev`],

  ['member', 'ada', devProcess, 'user ada in dev'],
  // With one colony nobody looks: the handler's own statement finds nothing.
  ['member', 'ada', labProcess, 'user ada in dev'],
  ['member', 'traveller', devProcess, 'user traveller in dev'],
  ['member', 'traveller', labProcess, 'executor e4 in lab'],
  ['executor', 'traveller', devProcess, 'executor e4 in lab'],
  ['member', 'traveller', byProcess('gone'), '404 There is no process with id gone in your colonies'],
  ['member', 'stranger', devProcess, '403 Access denied, not a member of the Colony of this process'],
  ['member', 'pending', devProcess, `403 Access denied, not a member of the Colony of this process: ${waits}`],
  ['member', 'stranded', devProcess, '404 There is no process with id dev-process in your colonies'],
]

for (const [kind, callerId, reference, expected] of table) {
  const where = reference ? ` (${reference.by} "${reference.key}")` : ''
  test(`${kind}${where}, asked for by ${callerId || 'nobody'}: ${expected}`, async () => {
    assert.equal(await outcome(kind, callerId, reference), expected)
  })
}

test('nobody is refused on what is only remembered', async () => {
  let remembered = true
  const late: Rights = {
    ...rights,
    membershipsOf: async (id) => (remembered ? [] : rights.membershipsOf(id)),
    forget: () => {
      const was = remembered
      remembered = false
      return was
    },
  }
  const { caller } = await checkAccess({ kind: 'member', callerId: 'ada', reference: dev }, late)
  assert.equal(caller.name, 'ada')
})

test('the colony of an operation without one cannot be read by mistake', async () => {
  const { colony } = await checkAccess({ kind: 'any-key', callerId: 'ada', reference: undefined }, rights)
  assert.throws(() => colony.key, /belongs to no colony/)
})

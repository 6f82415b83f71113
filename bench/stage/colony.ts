import { generatePrivateKey } from '@colonies/identity'
import { type Caller, createCaller } from '../caller.js'
import type { BenchColony, Members, Target } from '../row.js'

let colonies = 0

/** A new colony at a server. */
export async function makeColony(
  { url, serverKey }: Pick<Target, 'url' | 'serverKey'>,
  members: Members,
): Promise<BenchColony> {
  const name = `bench-${process.pid}-${++colonies}`
  const ownerKey = generatePrivateKey()
  const [serverOwner, owner] = [createCaller(url, serverKey), createCaller(url, ownerKey)]
  await serverOwner.call('addcolonymsg', { colony: { colonyid: owner.id, name } })
  const users = await many(members.users ?? 1, async (index) => {
    const user = createCaller(url)
    await owner.call('addusermsg', { user: { colonyname: name, userid: user.id, name: `user-${index}` } })
    return user
  })
  const executors = await many(members.executors ?? 0, async (index) => {
    const executor = createCaller(url)
    const executorname = `executor-${index}`
    await owner.call('addexecutormsg', {
      executor: { executorid: executor.id, executorname, executortype: 'bench', colonyname: name },
    })
    await owner.call('approveexecutormsg', { colonyname: name, executorname })
    return executor
  })
  const close = () => {
    for (const caller of [serverOwner, owner, ...users, ...executors]) caller.close()
  }
  return { name, ownerKey, user: users[0] as Caller, users, executors, close }
}

/** One after the other: the owner has one connection. */
async function many<Member>(count: number, make: (index: number) => Promise<Member>): Promise<Member[]> {
  const all: Member[] = []
  for (let index = 0; index < count; index++) all.push(await make(index))
  return all
}

/** A function that does nothing, for executors of the type `bench`. */
export const specFor = (colonyname: string) => ({
  funcname: 'f',
  args: ['a', 1],
  maxexectime: 60,
  maxretries: 3,
  conditions: { colonyname, executortype: 'bench' },
})

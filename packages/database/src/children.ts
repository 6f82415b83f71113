import { ColoniesError, limits } from '@colonies/protocol'
import type { Db } from './db.js'
import type { Holder } from './held.js'
import { sql } from './sql.js'
import { arrayLiteral, type ColonyKey, type NewAttribute, type NewProcess, NS_OF_PRIORITY } from './submissions.js'

/** A process to be added to a running graph, below the process that its adder holds. */
export interface NewChild {
  graphId: string
  parentId: string
  adder: Holder
  process: Omit<NewProcess, 'holder'>
  attributes: readonly NewAttribute[]
  /** It comes before this one too; '' for none. Ignored with `insert`. */
  before: string
  /** It takes over all children of the parent. */
  insert: boolean
}

/**
 * Adds a child in one transaction. The graph's row is locked first, as a close does, so a parent that is closing is
 * either still running, and its close will see the child, or the child is refused.
 *
 * No cycle can come of it: the parent runs, so all its ancestors have ended, and the node that the child comes before
 * has not started, so it is none of them.
 *
 * @returns the id of the new process; an older one when the request was a repetition
 * @throws ColoniesError `not_found`, `not_running`, `lease_lost`, `wrong_state`
 */
export function insertChild(db: Db, colony: ColonyKey, child: NewChild): Promise<string> {
  const { graphId, parentId, adder, process, before, insert } = child
  return db.transaction(async (tx) => {
    const graph = await tx.one<{ total: number }>(sql`
      select total from graphs where colony = ${colony} and graph_id = ${graphId} for update`)
    const older = await requestedBefore(tx, colony, child)
    if (older !== undefined) return older
    const parent = await tx.one<{
      state: number
      holder: string | null
      attempt: number
      graph_id: string | null
      children: string[] | null
    }>(
      sql`select state, holder, attempt, graph_id, children from live
        where colony = ${colony} and process_id = ${parentId} for update`,
    )
    if (graph === undefined || (parent && parent.graph_id !== graphId))
      throw new ColoniesError(
        'not_found',
        `Process with Id <${parentId}> does not belong to the processgraph <${graphId}>`,
      )
    if (parent?.state !== 1) throw new ColoniesError('not_running', `Process with Id <${parentId}> is not running`)
    if (parent.holder !== adder.holder)
      throw new ColoniesError(
        'lease_lost',
        `Process with Id <${parentId}> is not assigned to executor with Id <${adder.holder}>`,
      )
    if (adder.attempt !== 0 && parent.attempt !== adder.attempt)
      throw new ColoniesError(
        'lease_lost',
        `Process with Id <${parentId}> is yours again, but as attempt ${parent.attempt}; this was attempt ${adder.attempt}`,
      )

    if (graph.total >= limits.workflowNodesMax)
      throw new ColoniesError('too_many', `A processgraph has at most ${limits.workflowNodesMax} processes`)
    if (!insert && (parent.children?.length ?? 0) >= limits.dependenciesMax)
      throw new ColoniesError('too_many', `A process has at most ${limits.dependenciesMax} children`)

    const children = insert ? (parent.children ?? []) : before === '' ? [] : [before]
    if (!insert && before !== '') await addParentTo(tx, colony, before, child)
    if (insert) await replaceParentOf(tx, colony, child)
    await tx.run(sql`
      update live set children = ${insert ? [process.processId] : [...(parent.children ?? []), process.processId]}::text[]
      where colony = ${colony} and process_id = ${parentId}`)
    await storeChild(tx, colony, child, { position: graph.total, children })
    return process.processId
  })
}

async function requestedBefore(tx: Db, colony: ColonyKey, { process }: NewChild): Promise<string | undefined> {
  if (process.requestId === null) return undefined
  const mine = await tx.one<{ made_id: string }>(sql`
    insert into requests (colony, caller, request_id, made_id)
    values (${colony}, ${process.initiatorId}, ${process.requestId}, ${process.processId})
    on conflict (colony, caller, request_id) do update set request_id = excluded.request_id
    returning made_id`)
  return mine?.made_id === process.processId ? undefined : mine?.made_id
}

/** The node that the child comes before waits for one parent more, and is out of the queue if it was in it. */
async function addParentTo(tx: Db, colony: ColonyKey, before: string, { graphId, process }: NewChild): Promise<void> {
  const changed = await tx.run(sql`
    update live set open_parents = open_parents + 1
    where colony = ${colony} and process_id = ${before} and graph_id = ${graphId} and state = 0`)
  if (changed === 0)
    throw new ColoniesError(
      'wrong_state',
      `Process with Id <${before}> is not a waiting process of the processgraph <${graphId}>`,
    )
  await tx.run(sql`delete from wanted where colony = ${colony} and process_id = ${before}`)
  await tx.run(sql`
    insert into edges (colony, child_id, position, parent_id, graph_id)
    select ${colony}, ${before}, coalesce(max(position) + 1, 0), ${process.processId}, ${graphId}
    from edges where colony = ${colony} and child_id = ${before}`)
}

/** In each child of the parent, the new process takes the parent's place, at the end of the list. */
async function replaceParentOf(tx: Db, colony: ColonyKey, { graphId, parentId, process }: NewChild): Promise<void> {
  await tx.run(sql`
    with old as (delete from edges where colony = ${colony} and parent_id = ${parentId} returning child_id)
    insert into edges (colony, child_id, position, parent_id, graph_id)
    select ${colony}, old.child_id, max(e.position) + 1, ${process.processId}, ${graphId}
    from old join edges e on e.colony = ${colony} and e.child_id = old.child_id group by old.child_id`)
}

async function storeChild(
  tx: Db,
  colony: ColonyKey,
  { graphId, parentId, process: p, attributes }: NewChild,
  { position, children }: { position: number; children: readonly string[] },
): Promise<void> {
  await tx.run(sql`
    with queue as (
      select (extract(epoch from now()) * 1000000)::bigint * 1000 - ${BigInt(p.priority)}::bigint * ${NS_OF_PRIORITY}::bigint as place
    ), spec as (
      insert into process_specs (colony, process_id, graph_id, node_name, function_name, executor_type, label,
        initiator_id, initiator_name, initiator_user, submitted_at, priority_time, wait_seconds, exec_seconds,
        max_retries, spec, env, channels)
      select ${colony}, ${p.processId}, ${graphId}, ${p.nodeName}, ${p.functionName}, ${p.executorType}, ${p.label},
        ${p.initiatorId}, ${p.initiatorName}, ${p.initiatorIsUser ? p.initiatorName : null}::text, now(), queue.place,
        ${p.waitSeconds}::int, ${p.execSeconds}::int, ${p.maxRetries}, ${p.spec}, ${p.env}, ${p.channels}::text
      from queue
    ), row as (
      insert into live (colony, process_id, state, executor_type, names, location, cpu, memory, priority_time,
        open_parents, children, graph_id, deadline, wait_seconds, exec_seconds, max_retries, list_place)
      select ${colony}, ${p.processId}, 0, ${p.executorType}, ${p.names && arrayLiteral(p.names)}::text[], ${p.location},
        ${p.cpu}::bigint, ${p.memory}::bigint, queue.place, 1, ${children}::text[], ${graphId},
        now() + make_interval(secs => ${p.waitSeconds}::int), ${p.waitSeconds}::int, ${p.execSeconds}::int,
        ${p.maxRetries}, queue.place
      from queue
    ), node as (
      insert into graph_nodes (colony, graph_id, position, process_id, node_name)
      values (${colony}, ${graphId}, ${position}, ${p.processId}, ${p.nodeName})
    ), edge as (
      insert into edges (colony, child_id, position, parent_id, graph_id)
      values (${colony}, ${p.processId}, 0, ${parentId}, ${graphId})
    ), environment as (
      insert into attributes (colony, process_id, graph_id, attribute_id, attribute_type, key, value)
      select ${colony}, a.process_id, ${graphId}, a.attribute_id, a.attribute_type, a.key, a.value
      from unnest(${attributes.map((a) => a.processId)}::text[], ${attributes.map((a) => a.attributeId)}::text[],
        ${attributes.map((a) => a.type)}::int[], ${attributes.map((a) => a.key)}::text[],
        ${attributes.map((a) => a.value)}::text[]) as a (process_id, attribute_id, attribute_type, key, value)
    ), history as (
      insert into events (colony, process_id, old_state, state, attempt, reason, executor_type)
      values (${colony}, ${p.processId}, null, 0, 0, 'addchild', ${p.executorType})
    )
    update graphs set total = total + 1 where colony = ${colony} and graph_id = ${graphId}`)
}

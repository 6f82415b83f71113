import { limits } from '@colonies/protocol'
import { type Sql, sql } from './sql.js'

/**
 * The reply text of one process, made by PostgreSQL: what `processText` of the server makes of a row, byte for byte. For lists,
 * where reading 24 columns of each row, one by one, took the driver longer than all else that a page costs.
 *
 * @param colony of a process `s`, with the columns of a page
 * @param colonyName as attributes name it
 */
export function processJson(colony: number, colonyName: string): Sql {
  // In three parts, so that not all that stands before is copied with each piece that is added.
  return sql`(${standing} || ${times} || (',"retries":' || s.retries
      || case when s.has_attributes then ',"attributes":[' || ${attributes(colony, colonyName)} || '],"spec":' else ',"attributes":[],"spec":' end
      || s.spec || ',"env":' || case when s.has_attributes then coalesce(${addedEnv(colony)}, s.env) else s.env end
      || case when s.channels is null then '' else ',"channels":' || s.channels end)
    || (case when s.state = 0 and s.open_parents > 0 then '},"waitforparents":true' else '},"waitforparents":false' end
      || case when s.graph_id is null then ',"parents":[],"children":[],"processgraphid":"","in":' else ${family(colony)} end
      || case when s.input is not null then s.input when s.graph_id is null then '[]' else ${outputsOfParents(colony)} end
      || case when s.output is null then ',"out":[],"errors":' else ',"out":' || s.output || ',"errors":' end
      || case when s.errors is null then '[]' else array_to_json(s.errors)::text end
      || case when s.attempt > 0 then ',"attempt":' || s.attempt || '}' else '}' end))`
}

const standing = sql`('{"processid":"' || s.process_id || '","initiatorid":' || to_json(s.initiator_id)
    || ',"initiatorname":' || to_json(s.initiator_name) || ',"assignedexecutorid":' || to_json(coalesce(s.holder, ''))
    || case when s.state = 1 or (s.state > 1 and s.holder is not null) then ',"isassigned":true,"state":' else ',"isassigned":false,"state":' end
    || s.state || ',"prioritytime":' || s.priority_time)`

/** Of a `timestamptz` in UTC, whatever the session has; a space stands where the wire has a T. */
const time = (at: Sql) => sql`coalesce(${at} at time zone interval '0', '0001-01-01')`

/** All at once, since nothing else here has a space. */
const times = sql`replace(',"submissiontime":"' || ${time(sql`s.submitted_at`)} || 'Z","starttime":"' || ${time(sql`s.started_at`)}
    || 'Z","endtime":"' || ${time(sql`s.ended_at`)} || 'Z","waitdeadline":"' || ${time(sql`
      case when s.state = 0 then s.wait_deadline
        else coalesce(s.wait_deadline, s.submitted_at + make_interval(secs => s.wait_seconds)) end`)}
    || 'Z","execdeadline":"' || ${time(sql`s.exec_deadline`)} || 'Z"', ' ', 'T')`

function attributes(colony: number, colonyName: string): Sql {
  return sql`(
    select string_agg('{"attributeid":"' || a.attribute_id || '","targetid":"' || a.process_id
      || '","targetcolonyname":' || to_json(${colonyName}::text) || ',"targetprocessgraphid":"' || coalesce(a.graph_id, '')
      || '","state":' || s.state || ',"attributetype":' || a.attribute_type || ',"key":' || to_json(a.key)
      || ',"value":' || to_json(a.value) || '}', ',' order by a.added_at, a.attribute_id)
    from attributes a where a.colony = ${colony} and a.process_id = s.process_id)`
}

/** Attributes of type env, in the order of the keys of an object in JavaScript: indices of arrays first. Null: there are none. */
function addedEnv(colony: number): Sql {
  return sql`(
    select '{' || string_agg(to_json(a.key) || ':' || to_json(a.value), ',' order by
      case when a.key ~ '^(0|[1-9][0-9]{0,9})$' then nullif(least(a.key::bigint, 4294967295), 4294967295) end,
      a.added_at, a.attribute_id) || '}'
    from attributes a where a.colony = ${colony} and a.process_id = s.process_id and a.attribute_type = 3)`
}

function family(colony: number): Sql {
  return sql`',"parents":'
    || array_to_json(array(
      select e.parent_id from edges e where e.colony = ${colony} and e.child_id = s.process_id order by e.position))
    || ',"children":' || array_to_json(array(
      select e.child_id from edges e where e.colony = ${colony} and e.parent_id = s.process_id order by e.child_id))
    || ',"processgraphid":"' || s.graph_id || '","in":'`
}

/** One list of all their items, as text, so that no number is read and printed again; empty where they are too much. */
function outputsOfParents(colony: number): Sql {
  const white = sql`E' \\t\\n\\r'`
  return sql`case when ${inputBytes(colony)} > ${limits.inputBytesMax} then '[]' else '[' || coalesce((
      select string_agg(o.items, ',' order by o.position) from (
        select e.position, btrim(substr(btrim(p.output, ${white}), 2, length(btrim(p.output, ${white})) - 2), ${white}) as items
        from edges e join results p on p.colony = ${colony} and p.process_id = e.parent_id
        where e.colony = ${colony} and e.child_id = s.process_id) o
      where o.items <> ''), '') || ']' end`
}

/** Bytes of what the parents of a process `s` have put out. None of the texts is read for that. */
export function inputBytes(colony: number): Sql {
  return sql`(case when s.graph_id is null then 0 else (
    select coalesce(sum(octet_length(p.output)), 0) from edges e
    join results p on p.colony = ${colony} and p.process_id = e.parent_id
    where e.colony = ${colony} and e.child_id = s.process_id) end)`
}

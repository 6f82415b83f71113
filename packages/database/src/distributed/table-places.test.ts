import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TablePlaces } from './table-places.js'

const places = new TablePlaces({ tenant: ['live', 'events', 'logs'], shared: ['colonies'], own: ['listening'] })

test('a statement is about the colony that its tables are compared with, or filled for', () => {
  const aims: [string, string | number][] = [
    ['select 1 from live where process_id = $1 and colony = $2', 1],
    ['with a as (select unnest($1::text[]) id) insert into live as l (colony, process_id) select $2, id from a', 1],
    ['insert into logs (colony, process_id) values ($1, $2)', 0],
    ['select a from colonies c join live l on l.colony = $1 where c.colony_key = $1', 0],
    ['select x from (select $3::int as colony) asked', 2],
    ['select colony from live where process_id = $1 and colony = any($2)', 'colonies'],
    ['select colony from live where colony > $1', 'every colony'],
    ['select name from colonies where colony_key = $1', 'server'],
    ['insert into listening default values', 'every node'],
    ['select live, logs.x from other live', 'server'],
  ]
  for (const [text, expected] of aims) {
    const aim = places.aimOf(text)
    assert.equal(aim.of === 'colony' ? aim.parameter : aim.of, expected, text)
  }
})

test('tables get the names that they have on a shard, and keep what the statement calls them', () => {
  const named = (text: string) => places.renamed(text, (table) => `${table}_1`)
  const pairs = [
    ['select l.x from live l join events e on true', 'select l.x from live_1 l join events_1 e on true'],
    ['update live set x = live.x', 'update live_1 as live set x = live.x'],
    ['insert into live (colony) select 1', 'insert into live_1 as live (colony) select 1'],
    ['insert into live as l (colony) select 1', 'insert into live_1 as l (colony) select 1'],
    ['delete from live l using gone g', 'delete from live_1 l using gone g'],
    ['delete from events where true', 'delete from events_1 as events where true'],
    ['select live from living, other', 'select live from living, other'],
    ['select 1 from live\n  where x', 'select 1 from live_1 as live\n  where x'],
    ['from listening w where exists (select from live)', 'from listening w where exists (select from live_1 as live)'],
  ]
  for (const [text = '', expected] of pairs) assert.equal(named(text), expected)
})

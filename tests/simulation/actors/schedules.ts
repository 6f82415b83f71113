import { encodeJson } from '@colonies/protocol'
import type { ColonyTables, Cron, Generator } from '../model/tables.js'
import type { Random } from '../world/random.js'
import { beginningMs } from '../world/world.js'
import { keyOf } from './places.js'
import { functionSpec, workflowSpec } from './wishes.js'

const owner = { initiator_id: keyOf('me'), initiator_name: 'me', initiator_is_user: true }

/** Crons and a generator that are there from the beginning. */
export function addSchedules(colony: ColonyTables, random: Random): void {
  for (let number = random.between(0, 2); number > 0; number--) addCron(colony, random, `cron${number}`)
  const spec = functionSpec(random, { tag: '', nodename: 'gather' })
  const generator: Generator = {
    generator_id: keyOf('generator'),
    name: 'generator',
    ...owner,
    workflow: encodeJson({ functionspecs: [{ ...spec, maxwaittime: -1 }] }),
    trigger_count: random.between(1, 3),
    timeout_seconds: random.between(2, 5),
    arg_bytes_max: 100,
    last_error: '',
    packed: 0,
    taken: 0,
    dueAt: null,
    args: [],
  }
  colony.generators.set(generator.generator_id, generator)
}

function addCron(colony: ColonyTables, random: Random, name: string): void {
  const cron: Cron = {
    cron_id: keyOf(name),
    name,
    ...owner,
    interval_seconds: random.between(1, 6),
    expression: '',
    random: false,
    time_zone: '',
    server_time_zone: 'UTC',
    catchup: random.chance(0.5),
    waits: false,
    overlap: random.pick(['', '', 'wait', 'skip', 'cancel']),
    workflow: encodeJson({ functionspecs: workflowSpec(random, name).functionspecs ?? [] }),
    previous_graph_id: null,
    last_error: '',
    nextRun: (beginningMs + random.between(1_000, 5_000)) * 1000,
    lastRun: null,
  }
  colony.crons.set(cron.cron_id, cron)
}

import { numberText } from '../report/text.js'
import { boundsOf, coloniesAtWhichLooksAreHalf, colonyRate, executorsOfOneNode, hundredsRate } from './bounds.js'
import type { Waits } from './cell.js'
import { between, part, phases } from './costs.js'
import { ratesOf } from './demand.js'
import type { Inputs } from './inputs.js'
import { type Plan, type Share, sharesOf, sumOf } from './plan.js'
import type { Study } from './study.js'

/** The parts of docs/scaling.md that are computed, by the names of their places. */
export function sectionsOf(study: Study): Record<string, string> {
  return {
    summary: summaryText(study),
    inputs: inputsText(study.inputs),
    processes: processTable(study.inputs),
    rest: restTable(study.inputs),
    disk: diskTable(study.inputs),
    shares: shareTable(study),
    plans: planTable(study),
    bounds: boundTable(study),
    scenes: sceneText(study),
    check: checkText(study),
    colony: colonyTable(study),
  }
}

const n = numberText
const [MB, GB, TB] = [1e6, 1e9, 1e12]

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...lines.map(line)].join('\n')
}

function summaryText({ demand, plans }: Study): string {
  const say = ({ shape, server, database, databaseCores }: Plan) =>
    `**${shape.nodes} cells, each of ${shape.replicas} replicas and one PostgreSQL of ${databaseCores} cores with a standby**: ${n(server)} cores of replicas and ${n(database)} of PostgreSQL are at work at the peak`
  return [
    `${n(demand.executors)} executors and ${n(demand.processesPerDay)} processes a day, ${n(ratesOf(demand, 1).processes)} a second on average and ${n(ratesOf(demand, demand.peak).processes)} at the peak, in ${n(demand.colonies)} colonies, take ${say(plans.cells)}.`,
    `Where processes come and go by the hundred under one signature, it is ${say(plans.inHundreds)}.`,
  ].join(' ')
}

function inputsText({ rows }: Inputs): string {
  const [first] = Object.values(rows)
  const machine = first?.machine.replace(/, load [\d.]+ at the start/, '') ?? ''
  const commands = [...new Set(Object.values(rows).map(({ command }) => command))]
  const others = Object.values(rows).map(({ cores }) => cores.others ?? 0)
  return [
    `Machine: ${machine}; a commit of one row takes its disk ${n(rows['cost-operations']?.commitMs ?? Number.NaN)} ms.`,
    'Commands, each line one run:',
    `\`\`\`\n${commands.join('\n')}\n\`\`\``,
    `Other programs used ${n(Math.min(...others))} to ${n(Math.max(...others))} of its cores meanwhile.`,
  ].join('\n\n')
}

function processTable(inputs: Inputs): string {
  const of = (name: string) => n(part(inputs, 'cost-operations', name))
  const lines = phases.flatMap((what) =>
    [
      ['apart', 'one process in a statement, 64 colonies'],
      ['64', 'one colony, 64 connections'],
    ].map(([scene, says]) => [
      `${what}: ${says}`,
      of(`${what} ${scene} batch`),
      of(`${what} ${scene} server µs`),
      of(`${what} ${scene} database µs`),
      of(`${what} ${scene} wal bytes`),
      'cost-operations',
    ]),
  )
  const hundreds = phases.map((what) => [
    `${what}: a hundred under one signature`,
    '100',
    ...['server µs', 'database µs', 'wal bytes'].map((name) => n(part(inputs, 'cost-batched', `${what} ${name}`))),
    'cost-batched',
  ])
  const dispatch = [
    'submit straight to an executor that waits, 16 connections',
    ...['batch', 'server µs', 'database µs', 'wal bytes'].map((name) =>
      n(part(inputs, 'cost-dispatch', `dispatch ${name}`)),
    ),
    'cost-dispatch',
  ]
  return table(
    ['For each process', 'In a statement', 'Replica, µs', 'PostgreSQL, µs', 'Log (WAL), bytes', 'Row'],
    [...lines, dispatch, ...hundreds],
  )
}

function restTable(inputs: Inputs): string {
  const line = (what: string, row: string, names: readonly string[]) => [
    what,
    ...names.map((name) => (name === '' ? '-' : n(part(inputs, row, name)))),
    row,
  ]
  const asked = (what: string, name: string, row = 'look-colonies') =>
    line(what, row, [`${name} replica µs`, `${name} database µs`, ''])
  const each = (what: string, row: string, name: string) => line(what, row, ['', `${name} database µs`, ''])
  return table(
    ['What', 'Replica, µs', 'PostgreSQL, µs', 'Log, bytes', 'Row'],
    [
      line('a heartbeat of a program', 'cost-heartbeat', [
        'heartbeat server µs',
        'heartbeat database µs',
        'heartbeat wal bytes',
      ]),
      line('a poll that ends with nothing', 'cost-poll', ['poll server µs', 'poll database µs', '']),
      line('a sign of life noted, 10 000 in a statement', 'look-executors', [
        'heard executor replica µs',
        'heard executor database µs',
        'heard executor wal bytes',
      ]),
      each('a change of state added up', 'cost-counting', 'event counted'),
      asked('a colony visited to count', 'counting in a colony'),
      asked('a look for colonies to count', 'colonies to count'),
      each('and for each colony', 'look-colonies', 'colonies to count for each colony'),
      asked('a look for something due', 'agenda'),
      each('and for each colony', 'look-colonies', 'agenda for each colony'),
      each('and for each executor, once more than 1 000 processes run', 'look-executors', 'agenda for each executor'),
      asked('a look for what waits in a colony', 'idle poll of a colony'),
      asked('rights of a member looked up', 'rights of a member'),
      asked('changes of rights read', 'changes of rights'),
      asked('a hint told', 'hint told', 'cost-hint'),
      line('and for each replica that hears it', 'cost-hint', [
        'hint heard replica µs',
        'hint for each listener database µs',
        '',
      ]),
    ],
  )
}

function diskTable(inputs: Inputs): string {
  const line = (what: string, row: string, name: string) => [what, n(part(inputs, row, name)), row]
  return table(
    ['Bytes of', '', 'Row'],
    [
      line(
        `a process that waits (its spec has ${n(part(inputs, 'cost-bytes', 'spec bytes'))}), with all indexes`,
        'cost-bytes',
        'waiting disk bytes',
      ),
      line('one that has ended', 'cost-bytes', 'ended disk bytes'),
      line('of that in `process_specs`', 'cost-bytes', 'ended process_specs disk bytes'),
      line('of that in `results`', 'cost-bytes', 'ended results disk bytes'),
      line('of that in `events`', 'cost-bytes', 'ended events disk bytes'),
      line('an executor', 'look-executors', 'executor disk bytes'),
      line('a program of an executor', 'look-executors', 'program disk bytes'),
      line('memory: a connection of a replica to PostgreSQL', 'cost-hint', 'connection memory bytes'),
      line('network: a submit, an assign and a close, there and back', 'cost-operations', 'life wire bytes'),
      line('the log of a life in large batches', 'cost-bytes', 'batched life wal bytes'),
      line('the same just after a checkpoint', 'cost-bytes', 'batched life after a checkpoint wal bytes'),
    ],
  )
}

function shareTable({ inputs, demand, plans }: Study): string {
  const { shape, shares } = plans.cells
  const mean = sharesOf(inputs, demand, 1, shape)
  const line = ({ what, rate, server, database, walBytes }: Share, at: number) => [
    what,
    n(mean[at]?.rate ?? Number.NaN),
    n(rate),
    n(server),
    n(database),
    n(walBytes / MB),
  ]
  const total = (of: 'server' | 'database' | 'walBytes', by = 1) => `**${n(sumOf(shares, of) / by)}**`
  return table(
    ['What', 'Each second, on average', 'At the peak', 'Cores of replicas', 'Cores of PostgreSQL', 'Log, MB/s'],
    [
      ...shares.filter(({ rate }) => rate > 0).map((share) => line(share, shares.indexOf(share))),
      ['**all**', '', '', total('server'), total('database'), total('walBytes', MB)],
    ],
  )
}

function planTable({ inputs, demand, plans }: Study): string {
  const life = part(inputs, 'cost-bytes', 'ended disk bytes')
  const column = ({ shape, shares, server, database, databaseCores }: Plan): string[] => {
    const { nodes, isOne, replicas } = shape
    const all = isOne ? replicas : replicas * nodes
    const mean = sharesOf(inputs, demand, 1, shape)
    const kept = (demand.processesPerDay * demand.retentionDays * life) / nodes
    const wire = wireOf(inputs, demand)
    return [
      isOne ? `one Citus of ${nodes} nodes` : `${nodes} cells`,
      `${n(server)} + ${n(database)}`,
      isOne ? String(replicas) : `${nodes} x ${replicas}`,
      n(demand.executors / all),
      `${nodes} x ${databaseCores}`,
      `${n(sumOf(shares, 'walBytes') / nodes / MB)} MB/s, ${n(sumOf(shares, 'commits') / nodes)} commits/s`,
      `${n((sumOf(mean, 'walBytes') * 86_400) / nodes / TB)} TB`,
      `${n(kept / TB)} TB`,
      `${n(replicas * 21)}; ${n((replicas * 21 * part(inputs, 'cost-hint', 'connection memory bytes')) / GB)} GB`,
      `${n((wire * 8) / GB)} Gbit/s`,
    ]
  }
  const columns = [column(plans.cells), column(plans.inHundreds), column(plans.citus)]
  const lines = [
    'Deployment',
    'Cores at work at the peak: replicas + PostgreSQL',
    'Replicas, a core each',
    'Executors that hang at each',
    'PostgreSQL, cores of each',
    'Log of each, at the peak',
    'Log of each, a day (what an archive has to take)',
    `Disk of each for ${demand.retentionDays} days of history, without its standby`,
    'Connections to each PostgreSQL by default, and their memory',
    'Network of all replicas, at the peak',
  ].map((what, at) => [what, ...columns.map((cells) => cells[at] ?? '')])
  return table(['', 'One by one', 'In hundreds', 'One by one, one Citus'], lines)
}

function wireOf(inputs: Inputs, demand: Study['demand']): number {
  const { processes, polls, heartbeats } = ratesOf(demand, demand.peak)
  const of = (name: string) => part(inputs, 'cost-operations', `${name} wire bytes`)
  return processes * of('life') + polls * of('poll') + heartbeats * of('heartbeat')
}

function boundTable({ demand, plans }: Study): string {
  return table(
    ['What fills up', 'Has at the peak', 'Most', 'Then'],
    boundsOf(demand, plans.cells).map(({ what, has, most, unit, remedy }) => [
      what,
      `${has > most ? '**' : ''}${n(has)}${unit && ` ${unit}`}${has > most ? '**' : ''}`,
      `${n(most)}${unit && ` ${unit}`}`,
      remedy,
    ]),
  )
}

function sceneText(study: Study): string {
  const [{ cell }] = study.scenes as [Study['scenes'][number]]
  return [
    sceneTable(study),
    `The log takes ${n(cell.logMs)} ms: twice a commit of that machine, and the way to the standby. Each replica has ${cell.connections} connections where nothing else is said. What does not keep up has no waits: they grow for as long as it lasts.`,
  ].join('\n\n')
}

function sceneTable({ scenes }: Study): string {
  const waits = ({ p50, p99 }: Waits) => (Number.isNaN(p50) ? '-' : `${n(p50)} (${n(p99)})`)
  const percent = (share: number) => `${Math.round(share * 100)} %`
  return table(
    [
      'One cell',
      'Replicas busy',
      'PostgreSQL busy',
      'Connections at work, of each replica',
      'Processes in a statement that submits',
      'Submit, ms: p50 (p99)',
      'Submit to assigned',
      'Close',
      'Heartbeat',
      'Keeps up',
    ],
    scenes.map(({ what, behaviour: b }) => [
      what,
      percent(b.replica),
      percent(b.database),
      b.connections.toFixed(1),
      b.batch.toFixed(1),
      ...[b.submitted, b.assigned, b.closed, b.heard].map((one) => (b.isSteady ? waits(one) : '-')),
      b.isSteady ? 'yes' : '**no**',
    ]),
  )
}

function checkText({ inputs, check: { said, measured, othersCores } }: Study): string {
  const gap = said.perSecond / measured.perSecond - 1
  const rate = (cores: { load: number; server: number; database: number }) =>
    [cores.load, cores.server, cores.database].map((one) => one.toFixed(2)).join(' + ')
  const lines = [
    ['lives a second', n(said.perSecond), n(measured.perSecond)],
    ['cores: load + replica + PostgreSQL', rate(said.cores), rate(measured.cores)],
    ['processes in a statement: submit, assign, close', Object.values(said.batches).map(n).join(', '), '-'],
  ]
  const fits = phases.flatMap((what) =>
    (['server', 'database'] as const).map((of) => {
      const fit = between(inputs, what, of)
      return [`${what}, ${of === 'server' ? 'replica' : 'PostgreSQL'}, µs, 8 connections`, n(fit.said), n(fit.measured)]
    }),
  )
  return [
    table(['`lives-16-16`', 'Model', 'Measured'], [...lines, ...fits]),
    `The model is ${n(Math.abs(gap) * 100)} % ${gap > 0 ? 'faster' : 'slower'} than the machine, of which others used ${n(othersCores)} cores; a test fails beyond ${TOLERANCE * 100} %.`,
  ].join('\n\n')
}

/** How far the model may be from what was measured on one machine. */
export const TOLERANCE = 0.2

function colonyTable({ inputs, demand, plans }: Study): string {
  const { databaseCores: cores, shape } = plans.cells
  const rate = (value: number) => `${n(Number(value.toPrecision(2)))}/s`
  const many = coloniesAtWhichLooksAreHalf(inputs, demand, shape)
  const citus = coloniesAtWhichLooksAreHalf(inputs, demand, plans.citus.shape)
  const count = (value: number) => (Number.isFinite(value) ? n(Number(value.toPrecision(2))) : 'none')
  return table(
    ['Limit', `On a PostgreSQL of ${cores} cores`],
    [
      ['processes of one colony, each in a statement of its own', rate(colonyRate(inputs, cores, 1))],
      ['the same, twenty in a statement, as a busy colony has', rate(colonyRate(inputs, cores, 20))],
      ['the same, in operations of a hundred', rate(hundredsRate(inputs, cores))],
      ['executors that do nothing but poll and send heartbeats', count(executorsOfOneNode(inputs, demand, cores))],
      [`colonies of ${shape.nodes} cells at which looks are half of the work, on average`, count(many)],
      ['the same of one Citus', count(citus)],
    ],
  )
}

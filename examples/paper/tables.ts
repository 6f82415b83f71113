import type { Client } from '@colonies/client'
import type { JsonValue, Process } from '@colonies/protocol'

const stateNames = ['Waiting', 'Running', 'Successful', 'Failed', 'Cancelled']

export interface PaperRun {
  client: Client
  colonyname: string
  colonyid: string
  /** Processes in the order of the spec, at step 2 and at the end. */
  atStep2: Process[]
  atEnd: Process[]
}

/** The paper's Tables 1 to 5 with what the operations of a server gave. */
export async function paperTables({ client, colonyname, colonyid, atStep2, atEnd }: PaperRun): Promise<string> {
  const executors = (await client.getExecutors({ colonyname })).sort((a, b) =>
    a.executorname.localeCompare(b.executorname),
  )
  const nameOf = (executorid: string) => executors.find((e) => e.executorid === executorid)?.executorname ?? '-'
  const p = (processid: string) => `P${atEnd.findIndex((process) => process.processid === processid) + 1}`
  return [
    '## Table 1: the process table at step 2',
    '',
    'As `getprocessmsg` gave it while both squares ran; the numbers of the paper stand for the 64 hex digits of the ids.',
    '',
    table(
      ['Process Id', 'Function Spec', 'Wait for Parents', 'Executor', 'State', 'Priority Time'],
      atStep2.map((process, index) => [
        `P${index + 1} (\`${process.processid.slice(0, 12)}…\`)`,
        `F${index + 1}`,
        process.waitforparents ? 'True' : 'False',
        process.assignedexecutorid === '' ? '-' : nameOf(process.assignedexecutorid),
        stateNames[process.state] ?? '',
        String(process.prioritytime),
      ]),
    ),
    '',
    '## Table 2: the function specifications',
    '',
    table(
      ['Function Spec', 'Function', 'Executor Type', 'Priority', 'Max Exec Time', 'Max Retries'],
      atEnd.map(({ spec }, index) => [
        `F${index + 1}`,
        `${spec.funcname}()`,
        spec.conditions.executortype,
        String(spec.priority),
        `${spec.maxexectime} s`,
        String(spec.maxretries),
      ]),
    ),
    '',
    '## Table 3: the dependency table',
    '',
    table(
      ['Process Id', 'Name', 'Dependencies'],
      atEnd.map((process) => [
        p(process.processid),
        process.spec.nodename,
        process.parents.map((id) => nodeNameOf(id, atEnd)).join(', ') || '-',
      ]),
    ),
    '',
    '## Table 4: input and output',
    '',
    'Each square gets the whole output of its parent as input, and its argument says which number is its own.',
    '',
    table(
      ['Process Id', 'Input', 'Arguments', 'Output'],
      atEnd.map((process) => [p(process.processid), list(process.in), list(process.spec.args), list(process.out)]),
    ),
    '',
    `## Table 5: colony \`${colonyid}\``,
    '',
    table(
      ['Executor Id', 'Executor Name', 'Executor Type'],
      executors.map((executor) => [`\`${executor.executorid}\``, executor.executorname, executor.executortype]),
    ),
    '',
  ].join('\n')
}

function nodeNameOf(processid: string, processes: readonly Process[]): string {
  return processes.find((process) => process.processid === processid)?.spec.nodename ?? processid
}

function list(values: JsonValue): string {
  const text = JSON.stringify(values)
  return text === '[]' ? '' : text
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

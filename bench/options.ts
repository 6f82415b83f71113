import { parseArgs } from 'node:util'

const usage = `What a server of this machine does, beside what the machine could do at best, and beside another server of the protocol.

npm run bench                            all rows but those of costs, medians, and into docs/benchmarks.md;
                                         less than 20 minutes on two cores
npm run bench -- submit-64 woken         only these; a part of an id will do
npm run bench -- --short                 seconds for each
npm run bench -- --budget                the rows of bench/budget.json, short:
                                         fails when one lost a fifth of its share of a limit
npm run bench -- --short --write-budget ROWS
                                         measures and writes these into it
npm run bench -- --postgres postgres://USER:PASSWORD@HOST:PORT
                                         on this PostgreSQL, not on the embedded one
npm run bench -- --against http://HOST:PORT --name v1.9.12 --pids SERVER,POSTMASTER
                                         another server too, whose owner's key is COLONIES_BENCH_AGAINST_PRVKEY;
                                         its processes here rest while others are measured
                                         (all three as often as there are servers; the best counts)
npm run bench -- --write ROWS            these into docs/benchmarks.md, in place of all
npm run bench -- --write-inputs ROWS     also into bench/scaling/inputs.json, of which docs/scaling.md is made`

function parsed(args: string[]) {
  const { values: given, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      postgres: { type: 'string' },
      against: { type: 'string', multiple: true, default: [] },
      name: { type: 'string', multiple: true, default: [] },
      pids: { type: 'string', multiple: true, default: [] },
      write: { type: 'boolean', default: false },
      budget: { type: 'boolean', default: false },
      'write-budget': { type: 'boolean', default: false },
      'write-inputs': { type: 'boolean', default: false },
    },
  })
  return { given, positionals }
}

/** What was asked for. Ends the process when it makes no sense, or is `--help`. */
export function optionsOrEnd(args: string[], rows: readonly string[]): ReturnType<typeof parsed> {
  const help = `${usage}\n\nRows: ${rows.join(', ')}`
  try {
    const options = parsed(args)
    const unknown = options.positionals.find((word) => !rows.some((id) => id.includes(word)))
    if (unknown !== undefined) throw new Error(`There is no row ${unknown}.`)
    if (!options.given.help) return options
    console.log(help)
    process.exit(0)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    process.exit(2)
  }
}

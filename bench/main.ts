import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Budget, bestOf, budgetOf, losses } from './budget.js'
import { measureLimits } from './measure/limits.js'
import { machine } from './measure/machine.js'
import { optionsOrEnd } from './options.js'
import { RECORDED } from './recorded.js'
import { markdownOf, type Run } from './report/markdown.js'
import { plotOf } from './report/plot.js'
import { coresText, timesText, valueText } from './report/text.js'
import { failed, measure, type Result } from './rounds.js'
import type { OurTarget, Size, Target } from './row.js'
import { rows } from './rows/index.js'
import { lifeRate } from './rows/processes.js'
import { type Inputs, inputOf } from './scaling/inputs.js'
import { givenServer } from './stage/given-server.js'
import { startOurServer, versionOf } from './stage/our-server.js'
import { verdictOf } from './verdict.js'

const { given, positionals } = optionsOrEnd(
  process.argv.slice(2),
  rows.map(({ id }) => id),
)
const size: Size = given.short || given.budget ? 'short' : 'full'
const fileAt = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

const WARM_UP_SECONDS = 30

/** Between them, docs/benchmarks.md has what was measured. */
const [BEGIN, END] = ['<!-- measured: begin -->', '<!-- measured: end -->']

process.exitCode = await main()

async function main(): Promise<number> {
  const begin = performance.now()
  const budget = JSON.parse(await readFile(fileAt('bench/budget.json'), 'utf8')) as Budget
  const words = given.budget ? Object.keys(budget) : positionals
  if (given.budget && words.length === 0)
    throw new Error('bench/budget.json is empty: npm run bench -- --short --write-budget ROWS')
  const chosen = rows.filter(({ id, isAside }) =>
    words.length === 0 ? !isAside : words.some((word) => isMeant(id, word)),
  )
  const others = otherServers()
  const ours = await startOurServer(given.postgres)
  try {
    const typed = process.argv.slice(2).map(shown)
    const command = ['npm run bench', ...(typed.length > 0 ? ['--', ...typed] : [])].join(' ')
    const about = `${machine()}, ${await versionOf(ours.db)}`
    console.log(`${about}\n${command}\n`)
    for (const other of others) other.pause?.()
    const limits = await measureLimits(ours.db)
    const run: Run = {
      machine: about,
      command,
      others: others.length > 0 ? others.map(({ name }) => name) : [RECORDED],
      limits,
      results: [],
      seconds: 0,
    }
    if (size === 'full') await warmUpAll([ours, ...others])
    for (const row of chosen) {
      run.results.push(await measure(row, ours, others, size).catch((error: unknown) => failed(row, error)))
      run.seconds = Math.round((performance.now() - begin) / 1_000)
      show(run.results)
      if (given['write-inputs']) await writeInputs(run)
      if (given.write) await writeDocs(run) // after each row: whoever interrupts has the others
    }
    if (isWhole(words) && !given.write) {
      await writeDocs(run)
      console.log('docs/benchmarks.md has what was measured (git diff docs)')
    }
    if (given['write-budget']) await writeBudget({ ...budget, ...budgetOf(run.results, run.limits) })
    const holds = given.budget ? await keepsBudget(budget, run, ours) : holdsAll(run)
    return holds ? 0 : 1
  } finally {
    for (const other of others) await other.resume?.()
    await ours.stop()
  }
}

/** As typed, but for the password of a database. */
function shown(word: string): string {
  if (word.startsWith('postgres://')) return 'postgres://...'
  return word.includes(' ') ? `'${word}'` : word
}

/** What docs/benchmarks.md is about. A part of it replaces the whole only when that is asked for. */
function isWhole(words: readonly string[]): boolean {
  return words.length === 0 && size === 'full'
}

/** What stands in docs/benchmarks.md is what servers do that have been at work for a while. */
async function warmUpAll(targets: readonly Target[]): Promise<void> {
  for (const target of targets) {
    await target.resume?.()
    await lifeRate(target, WARM_UP_SECONDS)
    target.pause?.()
  }
}

/** By its name, or by a part of it that is no other's name. */
function isMeant(id: string, word: string): boolean {
  return rows.some((row) => row.id === word) ? id === word : id.includes(word)
}

function otherServers(): Target[] {
  const serverKey = process.env.COLONIES_BENCH_AGAINST_PRVKEY
  return given.against.map((url, at) => {
    if (!serverKey)
      throw new Error('--against needs the key of the owner of that server in COLONIES_BENCH_AGAINST_PRVKEY')
    const pids = given.pids[at]?.split(',').map(Number) as [number, number] | undefined
    return givenServer({ url, name: given.name[at] ?? url, serverKey, pids })
  })
}

function show(all: readonly Result[]): void {
  const result = all.at(-1) as Result
  const { row, ours, other, seconds } = result
  const verdict = verdictOf(result, all, row.must) ?? ''
  const beside = other ? ` ${other.name} ${valueText(row, other.value)} (${timesText(result)})` : ''
  console.log(
    `${row.says}\n    ${valueText(row, ours.value)} ${ours.note}${beside}  cores ${coresText(ours.cores)}  ${verdict}  (${row.id}, ${Math.round(seconds)} s)`,
  )
}

function holdsAll(run: Run): boolean {
  const missed = run.results.filter((result) => verdictOf(result, run.results, result.row.must) === 'MISSED')
  for (const { row } of missed) console.log(`missed: ${row.id}`)
  if (size === 'short' && missed.length > 0)
    console.log(
      `whether a bound holds shows in a full run: npm run bench -- ${missed.map(({ row }) => row.id).join(' ')}`,
    )
  console.log(`${run.seconds} s in all`)
  return missed.length === 0 || size === 'short'
}

/** Rows that lost are measured again, twice at most: the machine may have had something else to do, a slower program stays one. */
async function keepsBudget(budget: Budget, run: Run, ours: OurTarget): Promise<boolean> {
  let best = budgetOf(run.results, run.limits)
  let lost = losses(budget, best)
  for (let again = 0; again < 2 && lost.length > 0; again++) {
    for (const { says } of lost) console.log(`again: ${says}`)
    const limits = await measureLimits(ours.db)
    const results: Result[] = []
    for (const { row } of run.results) {
      if (!lost.some(({ id }) => id === row.id)) continue
      results.push(await measure(row, ours, [], size).catch((error: unknown) => failed(row, error)))
      show(results)
    }
    best = bestOf(best, budgetOf(results, limits))
    lost = losses(budget, best)
  }
  for (const { says } of lost) console.log(`lost: ${says}`)
  return lost.length === 0
}

function writeBudget(budget: Budget): Promise<void> {
  return writeFile(fileAt('bench/budget.json'), `${JSON.stringify(budget, null, 2)}\n`)
}

/** Puts the rows of this run in the place of what they gave before, and leaves the others. */
async function writeInputs({ machine, command, limits, results }: Run): Promise<void> {
  const path = fileAt('bench/scaling/inputs.json')
  const inputs = JSON.parse(await readFile(path, 'utf8')) as Inputs
  for (const { row, ours } of results)
    if (!Number.isNaN(ours.value))
      inputs.rows[row.id] = inputOf({ row, ours }, { commitMs: limits.commitMs, machine, command })
  await writeFile(path, `${JSON.stringify(inputs, null, 2)}\n`)
}

async function writeDocs(run: Run): Promise<void> {
  const path = fileAt('docs/benchmarks.md')
  const page = await readFile(path, 'utf8')
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (before < 0 || after < 0) throw new Error(`docs/benchmarks.md has no ${BEGIN} and ${END}`)
  if (run.others.length > 0) {
    await mkdir(fileAt('docs/pictures'), { recursive: true })
    await writeFile(fileAt('docs/pictures/benchmarks.svg'), plotOf(run.results, run.others))
  }
  await writeFile(path, `${page.slice(0, before + BEGIN.length)}\n\n${markdownOf(run)}\n\n${page.slice(after)}`)
}

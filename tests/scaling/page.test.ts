import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Clock, Cores, gapOf, Log, randomOf, Thread } from '../../bench/scaling/engine.js'
import type { Inputs } from '../../bench/scaling/inputs.js'
import { PAGE, PICTURE, pageWith, pictureWith } from '../../bench/scaling/page.js'
import { TOLERANCE } from '../../bench/scaling/report.js'
import { studyOf } from '../../bench/scaling/study.js'

const textOf = (path: string) => readFile(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8')
const study = studyOf(JSON.parse(await textOf('bench/scaling/inputs.json')) as Inputs)
const again = 'npm run bench:scaling -- --write'

test('the page says what follows from what was measured', async () => {
  const page = await textOf(PAGE)
  assert.equal(pageWith(page, study), page, again)
  assert.equal(await textOf(PICTURE), pictureWith(study), again)
})

test('the model does what the machine did on which its costs were measured', () => {
  const { said, measured } = study.check
  assert.ok(Math.abs(said.perSecond / measured.perSecond - 1) <= TOLERANCE, JSON.stringify(study.check))
})

test('what is recommended keeps up with the peak, and with the loss of a fifth of its replicas', () => {
  for (const { what, behaviour } of study.scenes.slice(0, 3)) assert.equal(behaviour.isSteady, true, what)
})

test('a thread that is busy for four fifths of its time lets its callers wait as the theory of queues says', () => {
  const clock = new Clock()
  const thread = new Thread(new Cores(clock, 1))
  const random = randomOf(7)
  const [workMs, busy] = [1, 0.8]
  let [waited, count] = [0, 0]
  const next = () => {
    const beginMs = clock.nowMs
    thread.run(workMs, () => {
      waited += clock.nowMs - beginMs - workMs
      count++
    })
    clock.after(gapOf(random, busy / workMs), next)
  }
  next()
  clock.runUntil(200_000)
  const mean = (busy * workMs) / (2 * (1 - busy)) // Pollaczek and Khinchine, for work that takes the same time always
  assert.ok(Math.abs(waited / count / mean - 1) < 0.05, `${waited / count} ms, not ${mean}`)
})

test('cores are shared evenly, and who commits while the log is written is in the next writing', () => {
  const clock = new Clock()
  const cores = new Cores(clock, 2)
  const log = new Log(clock, 10)
  const ended: Record<string, number> = {}
  const note = (name: string) => () => (ended[name] = Math.round(clock.nowMs * 1_000) / 1_000)
  for (const [name, ms] of Object.entries({ short: 4, long: 8, other: 8 })) cores.work(ms, note(name))
  log.commit(note('first'))
  clock.at(1, () => log.commit(note('second')))
  clock.at(9, () => log.commit(note('third')))
  clock.runUntil(100)
  assert.deepEqual(ended, { short: 6, long: 10, other: 10, first: 10, second: 20, third: 20 })
  assert.equal(cores.busyMs, 20)
})

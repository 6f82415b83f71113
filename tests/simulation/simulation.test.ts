import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Crew } from './crew.js'
import { faults } from './faults.js'
import { reportOf } from './report.js'

// More histories: npm run simulate -- --seeds 10000

/** The rarest planted fault shows in one history of twenty. */
const seedsUntilSeen = 200

test('every promise holds in a thousand histories', async (t) => {
  const { broken, histories } = await crewOf(t).simulate({ from: 1, count: 1000 })
  assert.equal(broken.map((verdict) => reportOf(verdict)).join('\n'), '')
  assert.equal(histories, 1000)
})

test('a cron whose times come when somebody looks each second is not taken for late', async (t) => {
  const crew = crewOf(t)
  for (const from of [17_959, 18_318]) {
    const { broken } = await crew.simulate({ from, count: 1 })
    assert.equal(broken.map((verdict) => reportOf(verdict)).join('\n'), '')
  }
})

test('a fault that somebody could make is seen', async (t) => {
  const crew = crewOf(t)
  for (const { name, says } of faults)
    await t.test(`when ${says}`, async () => {
      const { broken, histories } = await crew.simulate({
        from: 1,
        count: seedsUntilSeen,
        fault: name,
        untilBroken: true,
      })
      assert.ok(broken.length > 0, `${histories} histories look good in spite of ${name}`)
    })
})

test('a seed is the same history again, event by event', async () => {
  const register = new URL('register.js', import.meta.url).href
  const main = fileURLToPath(new URL('main.js', import.meta.url))
  const replay = () => promisify(execFile)(process.execPath, ['--import', register, main, '--seed', '7'])
  const [one, other] = await Promise.all([replay(), replay()])
  assert.ok(one.stdout.split('\n').length > 50)
  assert.equal(one.stdout, other.stdout)
})

test('a seed is the same history behind others, so a replay alone shows what a long run has seen', async (t) => {
  const crew = crewOf(t, 1)
  const alone = await crew.simulate({ from: 20, count: 1 })
  await crew.simulate({ from: 1, count: 10 })
  const again = await crew.simulate({ from: 20, count: 1 })
  assert.deepEqual({ ...again, seconds: 0 }, { ...alone, seconds: 0 })
})

function crewOf(t: { after(end: () => void): void }, size = 2): Crew {
  const crew = new Crew(size)
  t.after(() => crew.dismiss())
  return crew
}

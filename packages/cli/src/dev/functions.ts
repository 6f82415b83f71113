import { availableParallelism, totalmem } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { defineFunction, type ExecutorFunction, FailProcess } from '@colonies/executor'
import type { JsonValue } from '@colonies/protocol'

const hello = defineFunction(
  { name: 'hello', description: 'Greets somebody.', args: [{ name: 'name', type: 'string' }] },
  (_context, name = 'world') => `hello ${name}`,
)

const echo = defineFunction({ name: 'echo', description: 'Gives back what it gets.' }, ({ args, input }) =>
  args.length > 0 ? [...args] : [...input],
)

const add = defineFunction(
  { name: 'add', description: 'Adds its arguments, or what its parents gave.' },
  ({ args, input }) => {
    const numbers = (args.length > 0 ? args : input).map(numberOf)
    return numbers.reduce((left, right) => left + right, 0)
  },
)

/** A number, or a text that is one. @throws FailProcess */
function numberOf(value: JsonValue): number {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value)
  if (Number.isFinite(number)) return number
  throw new FailProcess([`${JSON.stringify(String(value))} is no number.`])
}

const sleepFor = defineFunction(
  {
    name: 'sleep',
    description: 'Takes some seconds, and says so in its log.',
    // Any type: what comes from `--args` are texts.
    args: [{ name: 'seconds', type: 'seconds', required: true }],
  },
  async ({ log, signal }, given) => {
    const seconds = numberOf(given)
    for (let passed = 0; passed < seconds; passed += 1) {
      await log(`slept ${passed} of ${seconds} s`)
      await sleep(Math.min(1, seconds - passed) * 1000, undefined, { signal })
    }
    return seconds
  },
)

const fail = defineFunction(
  { name: 'fail', description: 'Fails, with a reason.', args: [{ name: 'reason', type: 'string' }] },
  (_context, reason = 'as asked') => {
    throw new FailProcess([reason])
  },
)

const machine = defineFunction({ name: 'machine', description: 'Tells what it runs on.' }, () => ({
  platform: process.platform,
  architecture: process.arch,
  cores: availableParallelism(),
  memory: `${Math.round(totalmem() / 2 ** 20)}Mi`,
  node: process.version,
}))

/** What the executor of the development colony can do: enough to see work flow. */
export const devFunctions: readonly ExecutorFunction[] = [hello, echo, add, sleepFor, fail, machine]

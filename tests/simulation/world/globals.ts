import { newId } from '@colonies/identity'
import { stage } from './stage.js'
import { beginningMs, type Planned } from './world.js'

/** The functions of Node, for what is outside of the simulated world. */
const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  Date: globalThis.Date,
  random: Math.random,
  now: performance.now.bind(performance),
  getRandomValues: crypto.getRandomValues.bind(crypto),
}

/** Immediates that are planned at once: Node looks for other work only between two such rounds. */
const turnsOfRound = 50

/** Calls a step again and again until it says no; each time, all microtasks of the time before are done. */
export async function inTurns(step: () => boolean): Promise<void> {
  let goesOn = true
  while (goesOn)
    await new Promise<void>((resolve, reject) => {
      const turn = () => {
        try {
          goesOn &&= step()
        } catch (error) {
          goesOn = false
          reject(error)
        }
      }
      for (let turns = 0; turns < turnsOfRound; turns++) real.setImmediate(turn)
      real.setImmediate(() => resolve())
    })
}

export const realNow = real.now

/** A timer of the world, as far as the product uses one. */
class WorldTimer {
  readonly planned: Planned

  constructor(planned: Planned) {
    this.planned = planned
  }

  ref = () => this
  unref = () => this
  hasRef = () => true
}

type Callback = (...args: unknown[]) => void

function actor() {
  const world = stage.scenery?.world
  return world?.current && { world, node: world.current }
}

function planned(callback: Callback, ms: number, args: unknown[]): WorldTimer | undefined {
  const acting = actor()
  return acting && new WorldTimer(acting.world.plan(acting.node, ms, () => callback(...args)))
}

function repeated(callback: Callback, ms: number, args: unknown[]): WorldTimer {
  const acting = actor()
  if (!acting) throw new Error('Intervals belong to a node of the simulated world.')
  const { world, node } = acting
  let next: Planned
  const again = () => {
    next = world.plan(node, Math.max(1, ms), () => {
      again()
      callback(...args)
    })
  }
  again()
  return new WorldTimer({ cancel: () => next.cancel() })
}

function cancel(timer: unknown): void {
  if (timer instanceof WorldTimer) timer.planned.cancel()
  else real.clearTimeout(timer as NodeJS.Timeout)
}

class WorldDate extends real.Date {
  constructor(...args: [] | ConstructorParameters<DateConstructor>) {
    if (args.length === 0) super(WorldDate.now())
    else super(...(args as [number]))
  }

  static override now(): number {
    const acting = actor()
    return acting ? Math.floor(beginningMs + acting.world.nowMs + acting.node.skewMs) : real.Date.now()
  }
}

/**
 * Gives this process the time and the chance of the simulated world, wherever it is asked for them. Code that runs for no node of
 * the world keeps the real ones.
 */
export function installGlobals(): void {
  const replacements = {
    setTimeout: (callback: Callback, ms = 0, ...args: unknown[]) =>
      planned(callback, ms, args) ?? real.setTimeout(callback, ms, ...args),
    setImmediate: (callback: Callback, ...args: unknown[]) =>
      planned(callback, 0, args) ?? real.setImmediate(callback, ...args),
    setInterval: (callback: Callback, ms = 0, ...args: unknown[]) => repeated(callback, ms, args),
    clearTimeout: cancel,
    clearInterval: cancel,
    clearImmediate: cancel,
    Date: WorldDate,
    // None: the client asks instead of listening.
    WebSocket: undefined,
  }
  Object.assign(globalThis, replacements)
  Math.random = () => actor()?.world.random.next() ?? real.random()
  performance.now = () => actor()?.world.nowMs ?? real.now()
  Object.defineProperty(crypto, 'getRandomValues', { value: fillWithChance, configurable: true })
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new DOMException('The time is over.', 'TimeoutError')), ms)
    return controller.signal
  }
}

let fills = 0

function fillWithChance(bytes: Uint8Array): Uint8Array {
  const random = stage.scenery?.world.random
  fills += 1
  if (!random) return real.getRandomValues(bytes as Uint8Array<ArrayBuffer>)
  for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(random.next() * 256)
  return bytes
}

/** Uses up the random bytes that `newId` has in stock, so that no history sees those of the one before. */
export function forgetStockOfIds(): void {
  const before = fills
  while (fills === before) newId(0)
}

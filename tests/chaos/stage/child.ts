import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { within } from '../within.js'

/** For a child that still has calls to end. */
const END_MS_MAX = 120_000

/** @returns the code or the signal that a child ended with, which has only one of them; undefined while it runs */
export function endOf({ exitCode, signalCode }: ChildProcess): string | undefined {
  const end = signalCode ?? exitCode
  return end === null ? undefined : String(end)
}

/** @throws Error when it has ended, though nobody asked it to */
export function assertRuns(child: ChildProcess, name: string): void {
  const end = endOf(child)
  if (end !== undefined) throw new Error(`${name} ended by itself with ${end}`)
}

/**
 * Asks a child to end, and waits until it has.
 *
 * @throws Error when it had ended before, or does not end
 */
export async function endChild(child: ChildProcess, name: string, ask: () => unknown): Promise<void> {
  assertRuns(child, name)
  const ended = once(child, 'exit')
  ask()
  await within(END_MS_MAX, `the end of ${name}`, ended)
}

import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Stage } from '../scenario.js'

/** A wall clock of some processes that can be set; their timers go on as they were, as on a machine whose clock is set. */
export interface SteppedClock {
  /** For processes that shall have this clock. */
  readonly env: Readonly<Record<string, string>>
  /** @param seconds from the machine's own clock; at once */
  set(seconds: number): Promise<void>
}

/** @throws Error without libfaketime, Debian's package `faketime` */
export async function steppedClock(stage: Stage): Promise<SteppedClock> {
  const library = findLibrary()
  const folder = await mkdtemp(join(tmpdir(), 'colonies-clock-'))
  stage.atEnd(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'offset')
  const set = async (seconds: number) => {
    // Renamed, so that nobody reads half of it.
    await writeFile(`${file}.new`, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}`)
    await rename(`${file}.new`, file)
  }
  await set(0)
  return {
    set,
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
  }
}

function findLibrary(): string {
  for (const folder of readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'))) {
    const path = join('/usr/lib', folder, 'faketime', 'libfaketimeMT.so.1')
    if (existsSync(path)) return path
  }
  throw new Error('Clocks are set with libfaketime: install the package faketime.')
}

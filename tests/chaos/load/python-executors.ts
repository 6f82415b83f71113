import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { identityOf } from '@colonies/identity'
import { pythonWithColonies, root } from '../../compat/pycolonies.js'
import { HistoryTail } from '../history-tail.js'
import type { Stage } from '../scenario.js'
import { endChild } from '../stage/child.js'
import { type ChaosColony, rotated } from '../stage/colony.js'
import type { ExecutorsOptions } from './executors.js'
import type { Load } from './load.js'

const program = join(root, 'tests', 'chaos', 'load', 'executor.py')

interface Running {
  readonly child: ChildProcess
  readonly tail: HistoryTail
  readonly complaints: () => string
}

/** Executors of the published pycolonies, each a process. All that they saw is in the history when they have stopped. */
export async function startPythonExecutors(
  stage: Stage,
  colony: ChaosColony,
  { count, endpoints, type = 'load' }: ExecutorsOptions,
): Promise<Load> {
  const python = await pythonWithColonies()
  const folder = await mkdtemp(join(tmpdir(), 'colonies-python-'))
  stage.atEnd(() => rm(folder, { recursive: true, force: true }))
  const running = await Promise.all(
    Array.from({ length: count }, async (_, number): Promise<Running> => {
      const privateKey = await colony.addExecutor(`python${number}`, type)
      const file = join(folder, `${number}.jsonl`)
      const options = {
        colonyname: colony.name,
        endpoints: rotated(endpoints, number),
        privateKey,
        id: identityOf(privateKey),
        file,
      }
      const child = spawn(python, [program], {
        env: { ...process.env, COLONIES_PYTHON_EXECUTOR: JSON.stringify(options) },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      stage.atEnd(async () => void child.kill('SIGKILL'))
      let said = ''
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-2_000)
      })
      return { child, tail: new HistoryTail(stage, colony.history, file), complaints: () => said }
    }),
  )
  return {
    async stop() {
      for (const { child, tail, complaints } of running) {
        await endChild(child, `pycolonies (${complaints()})`, () => child.kill('SIGTERM'))
        await tail.stop()
      }
    },
  }
}

#!/usr/bin/env node
// The command itself is compiled. In a fresh clone that is done now, by the script that `npm start` uses, too.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const entry = new URL('../dist/main.js', import.meta.url)
const setUp = fileURLToPath(new URL('../../../scripts/set-up.mjs', import.meta.url))

if (!existsSync(entry)) compile()
module.enableCompileCache?.() // halves the start where Node has it, from 22.8 on
const { main } = await import(entry.href)
await main()

function compile() {
  // Progress goes to standard error: standard output is for what the command was asked for.
  const ran = existsSync(setUp) && spawnSync(process.execPath, [setUp, 'packages/cli'], { stdio: ['ignore', 2, 2] })
  if (ran && ran.status === 0 && existsSync(entry)) return
  process.stderr.write(
    'The colonies command is not compiled, and could not be compiled now. Run `npm start` once in the clone.\n',
  )
  process.exit(1)
}

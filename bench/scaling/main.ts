// From what processes cost to a million executors and a billion processes a day: arithmetic and a simulation over
// bench/scaling/inputs.json, which `npm run bench -- --write-inputs ROWS` measures.
//
//   npm run bench:scaling               shows it
//   npm run bench:scaling -- --write    puts it into docs/scaling.md and docs/pictures/scaling.svg
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Inputs } from './inputs.js'
import { PAGE, PICTURE, pageWith, pictureWith } from './page.js'
import { sectionsOf } from './report.js'
import { studyOf } from './study.js'

const fileAt = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
const { values: given } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
const inputs = JSON.parse(await readFile(fileAt('bench/scaling/inputs.json'), 'utf8')) as Inputs
const study = studyOf(inputs)
if (given.write) {
  await writeFile(fileAt(PAGE), pageWith(await readFile(fileAt(PAGE), 'utf8'), study))
  await writeFile(fileAt(PICTURE), pictureWith(study))
} else for (const [name, text] of Object.entries(sectionsOf(study))) console.log(`\n# ${name}\n\n${text}`)

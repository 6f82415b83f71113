import type { World } from '../world.js'
import { has, oneExecutor, type Scenario } from './steps.js'

/** The file of the recordings, once. */
export const withFile: Scenario = async (world) => {
  await world.has('executor1', 'colony2')
  const { fileid } = await world.replay('addfilemsg', 'add file')
  return { fields: { fileid: String(fileid) } }
}

export const withTwoFiles: Scenario = async (world, one) => {
  const plan = await withFile(world, one)
  await addFile(world, { label: '/data', name: 'c.txt' })
  return plan
}

const withTwoRevisions: Scenario = async (world, one) => {
  const plan = await withFile(world, one)
  await world.replay('addfilemsg', 'add second revision of a file')
  return plan
}

const withThreeRevisions: Scenario = async (world, one) => {
  const plan = await withTwoRevisions(world, one)
  await addFile(world, { label: '/data', name: 'c.txt' })
  return plan
}

const withTwoLabels: Scenario = async (world, one) => {
  const plan = await withThreeRevisions(world, one)
  await addFile(world, { label: 'other/sub', name: 'd.txt' })
  return plan
}

function addFile(world: World, file: { label: string; name: string }) {
  const ref = { s3object: { object: 'obj' } }
  return world.as('executor1').addFile({ file: { colonyname: world.colony(), size: 1234, ref, ...file } })
}

export const fileScenarios: Record<string, Scenario> = {
  addfilemsg: has('executor1', 'colony2'),
  'addfilemsg: add second revision of a file': withFile,
  getfilemsg: withFile,
  'getfilemsg: get file by name': withTwoRevisions,
  'getfilemsg: pycolonies: getfilemsg': async (world) => {
    await world.has('executor1')
    await world.replay('addfilemsg', 'pycolonies: addfilemsg')
    return {}
  },
  getfilesmsg: withTwoFiles,
  getfilelabelsmsg: withTwoLabels,
  'getfilelabelsmsg: list file labels when there are none': oneExecutor,
  'getfilelabelsmsg: list file labels by name': withThreeRevisions,
  removefilemsg: withFile,
}

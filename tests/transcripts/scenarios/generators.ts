import { after, oneExecutor, type Scenario, twice } from './steps.js'

const withGenerator: Scenario = async (world) => {
  await world.has('executor1')
  const { generatorid } = await world.replay('addgeneratormsg', 'add generator')
  return { fields: { generatorid: String(generatorid) } }
}

export const generatorScenarios: Record<string, Scenario> = {
  addgeneratormsg: oneExecutor,
  'addgeneratormsg: add generator with a name in use': twice(oneExecutor),
  getgeneratormsg: withGenerator,
  'getgeneratormsg: get generator with one packed argument': after(withGenerator, 'packgeneratormsg', 'pack generator'),
  getgeneratorsmsg: withGenerator,
  'getgeneratorsmsg: list generators when there are none': oneExecutor,
  packgeneratormsg: withGenerator,
  removegeneratormsg: withGenerator,
  resolvegeneratormsg: withGenerator,
}

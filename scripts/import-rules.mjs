/** Where imports may point: the table behind `check-imports`. Read it together with ARCHITECTURE.md. */

const scope = '@colonies/'

/** Each package with the packages of ours that it may import. */
const upToCore = ['protocol', 'identity', 'core']

/** @type {Record<string, string[]>} */
export const mayImport = {
  protocol: [],
  identity: [],
  core: ['protocol', 'identity'],
  database: upToCore,
  server: [...upToCore, 'database'],
  client: upToCore,
  executor: [...upToCore, 'client'],
  colonyfs: [...upToCore, 'client'],
  dashboard: [...upToCore, 'client'],
  // `colonies dev` and `colonies server start` start a whole server; nothing else may cross from client to server.
  cli: [...upToCore, 'client', 'colonyfs', 'executor', 'database', 'server'],
  testkit: [...upToCore, 'client', 'database', 'server'],
}

/** What each of `executors/*` may import. */
export const executorsMayImport = [...upToCore, 'client', 'colonyfs', 'executor']

/** Packages that browsers load, so nothing of Node; `src/node/` is left out, which only the condition `node` leads to. */
export const runAnywhere = new Set(['protocol', 'identity', 'core', 'client', 'executor', 'dashboard'])

/** Folders of one package that must not know each other, so that one process can do the work of either alone. */
export const folderRules = [
  { in: 'server', from: 'operations', never: ['background', 'http'] },
  { in: 'server', from: 'background', never: ['operations', 'http'] },
  { in: 'server', from: 'http', never: ['operations', 'background'] },
]

/** What every test may import without its package naming it: to name testkit would close a circle of packages. */
export const testsMayImport = ['testkit']

/**
 * @param {string} specifier
 * @returns {{ name: string, deep: boolean } | undefined} undefined when it is not a package of ours
 */
export function ownPackage(specifier) {
  if (!specifier.startsWith(scope)) return undefined
  const [name = '', ...rest] = specifier.slice(scope.length).split('/')
  return { name, deep: rest.length > 0 }
}

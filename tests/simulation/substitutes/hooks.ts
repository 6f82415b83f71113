import type { ResolveHook } from 'node:module'

/**
 * Modules of the product that are replaced in the simulation, and by what. Everything else is the code that is shipped, from
 * the folders where it is compiled to. Of `@colonies/core` too, unless a fault is planted in it.
 */
const substitutes: readonly { specifier: string; from: RegExp; by: string }[] = [
  { specifier: '@colonies/database', from: /\/packages\/server\//, by: 'database.js' },
  { specifier: '@colonies/core', from: /\/packages\/server\//, by: 'core.js' },
  { specifier: '@colonies/identity', from: /\/packages\/(server|client|executor)\//, by: 'identity.js' },
  { specifier: './http/listener.js', from: /\/packages\/server\//, by: 'listener.js' },
  { specifier: 'node:timers/promises', from: /\/packages\//, by: 'timers-promises.js' },
  { specifier: 'node:perf_hooks', from: /\/packages\/server\//, by: 'perf-hooks.js' },
]

export const resolve: ResolveHook = (specifier, context, next) => {
  const found = substitutes.find((one) => one.specifier === specifier && one.from.test(context.parentURL ?? ''))
  return found ? { url: new URL(found.by, import.meta.url).href, shortCircuit: true } : next(specifier, context)
}

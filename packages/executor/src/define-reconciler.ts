import { type Client, ConflictError, NotFoundError, type Output } from '@colonies/client'
import type { JsonValue } from '@colonies/protocol'
import type { Context } from './context.js'
import { defineFunction, type ExecutorFunction } from './define-function.js'
import { FailProcess } from './fail-process.js'

/** A blueprint as the colony has it. */
export type Blueprint = Output<'getBlueprint'>

/** What is reported of a blueprint. */
export type BlueprintStatus = { readonly [key: string]: JsonValue }

interface ReconcilerDefinition {
  /** Of the blueprints: `spec.names.kind` of their definition. */
  kind: string
  /** `functionName` of the definition's handler; `reconcile` when left out. */
  functionName?: string
  /**
   * Makes true what a blueprint says. It is called for new and changed blueprints, and for all of them from time to time, so
   * it has to do nothing where nothing is to be done.
   *
   * @param options.force start from nothing
   * @returns its status; nothing: the one reported before stays
   */
  reconcile(
    blueprint: Blueprint,
    context: Context,
    options: { force: boolean },
    // biome-ignore lint/suspicious/noConfusingVoidType: functions without a return statement report nothing
  ): Promise<BlueprintStatus | undefined | void> | BlueprintStatus | undefined | void
  /** Frees what a blueprint of this name had. It is gone by now, or elsewhere. */
  cleanup(name: string, context: Context): Promise<void> | void
}

/**
 * Defines what an executor needs to look after the blueprints of a kind: the functions that the colony calls. A blueprint
 * for which `reconcile` throws does not keep others from their turn; the process fails with the reasons of all.
 *
 * @example
 * createExecutor({ ...place, type: 'docker-reconciler', functions: defineReconciler({ kind: 'Deployment', reconcile, cleanup }) })
 */
export function defineReconciler(definition: ReconcilerDefinition): ExecutorFunction[] {
  const { kind, functionName = 'reconcile' } = definition
  const wanted = (context: Context): { name: string; force: boolean } => {
    const { kind: asked, blueprintName: name, force } = context.kwargs
    if (asked !== kind) throw new FailProcess(`This reconciler is for blueprints of kind ${kind}, not ${asked}.`)
    return { name: typeof name === 'string' ? name : '', force: force === true }
  }
  return [
    defineFunction({ name: functionName, description: `Reconciles blueprints of kind ${kind}.` }, async (context) => {
      const { name, force } = wanted(context)
      const blueprints = name === '' ? await blueprintsHere(kind, context) : await blueprintNamed(name, context)
      const reasons: string[] = []
      for (const blueprint of blueprints) {
        context.signal.throwIfAborted()
        try {
          const status = await definition.reconcile(blueprint, context, { force })
          if (status) await report(context.client, blueprint, status)
        } catch (error) {
          if (context.signal.aborted) throw error
          reasons.push(`${blueprint.metadata.name}: ${error instanceof Error ? error.message : error}`)
        }
      }
      if (reasons.length > 0) throw new FailProcess(reasons)
    }),
    defineFunction({ name: 'cleanup', description: `Cleans up after blueprints of kind ${kind}.` }, (context) =>
      definition.cleanup(wanted(context).name, context),
    ),
  ]
}

/** @returns none when it was removed meanwhile: its cleanup is on the way */
async function blueprintNamed(name: string, { client, process }: Context): Promise<Blueprint[]> {
  try {
    return [await client.getBlueprint({ namespace: process.spec.conditions.colonyname, name })]
  } catch (error) {
    if (error instanceof NotFoundError) return []
    throw error
  }
}

/** All of the kind at the place that the process is for; other places have processes of their own. */
async function blueprintsHere(kind: string, { client, process }: Context): Promise<Blueprint[]> {
  const { colonyname: namespace, locationname = '' } = process.spec.conditions
  const here: Blueprint[] = []
  for (let after = ''; ; ) {
    const page = await client.getBlueprints({ namespace, kind, locationname, after })
    // Without a location, the list has those of all locations.
    here.push(...page.filter(({ metadata }) => locationname !== '' || metadata.locationname === ''))
    after = page.at(-1)?.metadata.name ?? ''
    if (page.length === 0) return here
  }
}

async function report(client: Client, { metadata }: Blueprint, status: BlueprintStatus): Promise<void> {
  const { colonyname, name: blueprintname, generation: expectedgeneration } = metadata
  try {
    await client.updateBlueprintStatus({ colonyname, blueprintname, status, expectedgeneration })
  } catch (error) {
    // Removed, or changed: what there is now has a process of its own.
    if (!(error instanceof NotFoundError || error instanceof ConflictError)) throw error
  }
}

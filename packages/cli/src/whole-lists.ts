import type { Client, Output } from '@colonies/client'
import { limits } from '@colonies/protocol'
import { allPages } from './all-pages.js'

// Lists of a colony, read to their end: one page of any of them may be shorter than it looks.

interface Place {
  readonly member: Client
  readonly colonyname: string
}

export const allExecutors = ({ member, colonyname }: Place, signal?: AbortSignal) =>
  allPages(
    (after) => member.getExecutors({ colonyname, after }, { signal }),
    ({ executorname }) => executorname,
  )

/** @param executorname empty: of all executors */
export const allFunctions = ({ member, colonyname }: Place, executorname: string) =>
  allPages<Output<'getFunctions'>[number]>(
    (_, last) => {
      const after = last && { afterexecutor: last.executorname, afterfunction: last.funcname }
      return member.getFunctions({ colonyname, executorname, ...after })
    },
    ({ executorname, funcname }) => `${executorname} ${funcname}`,
  )

export const allUsers = ({ member, colonyname }: Place) =>
  allPages(
    (after) => member.getUsers({ colonyname, after }),
    ({ name }) => name,
  )

export const allLocations = ({ member, colonyname }: Place) =>
  allPages(
    (after) => member.getLocations({ colonyname, after }),
    ({ name }) => name,
  )

/** Oldest first. */
export const allCrons = ({ member, colonyname }: Place, most = Number.POSITIVE_INFINITY) =>
  allPages(
    (after) => member.getCrons({ colonyname, count: Math.min(most, limits.directoryCountMax), after }),
    ({ cronid }) => cronid,
    most,
  )

/** Oldest first. */
export const allGenerators = ({ member, colonyname }: Place, most = Number.POSITIVE_INFINITY) =>
  allPages(
    (after) => member.getGenerators({ colonyname, count: Math.min(most, limits.directoryCountMax), after }),
    ({ generatorid }) => generatorid,
    most,
  )

export const allDefinitions = ({ member, colonyname }: Place) =>
  allPages(
    (after) => member.getBlueprintDefinitions({ colonyname, after }),
    ({ metadata }) => metadata.name,
  )

export const allBlueprints = (
  { member, colonyname: namespace }: Place,
  filter: { kind?: string; locationname?: string } = {},
) =>
  allPages(
    (after) => member.getBlueprints({ namespace, ...filter, after }),
    ({ metadata }) => metadata.name,
  )

/** @param name what they begin with */
export const allFileLabels = ({ member, colonyname }: Place, name: string) =>
  allPages(
    (after) => member.getFileLabels({ colonyname, name, count: limits.fileCountMax, after }),
    (label) => label.name,
  )

/** Newest first. */
export const allSnapshots = ({ member, colonyname }: Place) =>
  allPages(
    (after) => member.getSnapshots({ colonyname, count: limits.snapshotCountMax, after }),
    ({ snapshotid }) => snapshotid,
  )

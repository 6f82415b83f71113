import {
  type Close,
  type ColonyKey,
  closeFailed,
  closeSuccessful,
  type Db,
  type Ended,
  type Failure,
  type ReadyLine,
} from '@colonies/database'
import { Batcher, BYTES_MAX, WAITING_MAX } from './batcher.js'
import { ColoniesWithGraphs } from './colonies-with-graphs.js'
import { Paces } from './pace.js'

export interface ClosesOptions {
  db: Db
  /** Children became ready. */
  hint(colony: ColonyKey, ready: readonly ReadyLine[]): void
  /** Events were written. */
  changed(colony: ColonyKey): void
  /** No other replica is known. */
  isAlone(): boolean
}

export interface CloseBatchers {
  /** @returns false when the process is not running, or not held by who closes it */
  successful(colony: ColonyKey, close: Close): Promise<boolean>
  failed(colony: ColonyKey, failure: Failure): Promise<boolean>
  readonly batchers: readonly { readonly waiting: number; drained(): Promise<void> }[]
}

/** Closes of processes, in batches. Those in no graph have a statement of their own, which costs half. */
export function closeBatchers({ db, hint, changed, isAlone }: ClosesOptions): CloseBatchers {
  const closing = <Item extends { processId: string }>(
    bytesOf: (item: Item) => number,
    flush: (colony: ColonyKey, items: Item[]) => Promise<(boolean | Error)[]>,
  ) =>
    new Batcher<Item, boolean>({
      flush,
      itemsMax: 500,
      flushesMax: 1, // with two, each has half as many closes: 64 executors were a tenth slower
      paces: new Paces(isAlone),
      bytesOf,
      bytesMax: BYTES_MAX,
      waitingMax: WAITING_MAX,
    })
  const isEnded = (colony: ColonyKey, items: readonly { processId: string }[], { ended, ready }: Ended): boolean[] => {
    hint(colony, ready)
    changed(colony)
    return items.map((item, place) => ended.get(item.processId) === place)
  }
  const bytesOfClose = ({ output }: Close) => (output?.length ?? 0) + 200
  const withGraphs = new ColoniesWithGraphs()
  const inGraphs = closing(bytesOfClose, async (colony, items: Close[]) => {
    const all = await closeSuccessful(db, colony, items)
    withGraphs.note(colony, all.inGraphs)
    return isEnded(colony, items, all)
  })
  const outsideOfGraphs = closing(bytesOfClose, async (colony, items: Close[]) => {
    const outside = isEnded(colony, items, await closeSuccessful(db, colony, items, { leavesGraphs: true }))
    // Each for itself: what was ended stays so, whatever becomes of the others.
    const left = (item: Close) => inGraphs.add(colony, item).catch((error: Error) => error)
    return Promise.all(items.map((item, place) => outside[place] || left(item)))
  })
  const failures = closing(
    ({ errors }: Failure) => JSON.stringify(errors).length + 200,
    async (colony, items: Failure[]) => isEnded(colony, items, await closeFailed(db, colony, items)),
  )
  return {
    successful: (colony, close) => (withGraphs.has(colony) ? inGraphs : outsideOfGraphs).add(colony, close),
    failed: (colony, failure) => failures.add(colony, failure),
    batchers: [outsideOfGraphs, inGraphs, failures],
  }
}

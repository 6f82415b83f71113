import {
  type Appended,
  appendEntries,
  type ColonyKey,
  type Db,
  type NewEntry,
  type ReadyLine,
} from '@colonies/database'
import { Batcher } from '../queue/batcher.js'
import { AppendRate } from './append-rate.js'

export interface ChannelAppendsOptions {
  db: Db
  /** Entries were stored: subscribers to these processes may be served. */
  appended(colony: ColonyKey, processIds: readonly string[]): void
  hint(colony: ColonyKey, ready: readonly ReadyLine[]): void
}

/** Appends to channels on one replica, in batches. */
export interface ChannelAppends {
  readonly rate: AppendRate
  /** @returns undefined when the channel is not open, or the sender may not write to it */
  append(colony: ColonyKey, entry: NewEntry): Promise<Appended>
  drained(): Promise<void>
}

const BYTES_MAX = 4 * 1024 * 1024
const WAITING_MAX = 20_000

export function createChannelAppends({ db, appended, hint }: ChannelAppendsOptions): ChannelAppends {
  const batcher = new Batcher<NewEntry, Appended>({
    async flush(colony, entries) {
      const { outcomes, steppedOver } = await appendEntries(db, colony, entries)
      const written = new Set(entries.filter((_, place) => outcomes[place] === 'stored').map((e) => e.processId))
      if (written.size > 0) appended(colony, [...written])
      if (steppedOver.length > 0)
        hint(
          colony,
          steppedOver.map((executorType) => ({ executorType, count: 1 })),
        )
      return outcomes
    },
    itemsMax: 500,
    flushesMax: 2,
    bytesOf: ({ bytes }) => bytes + 500,
    bytesMax: BYTES_MAX,
    waitingMax: WAITING_MAX,
  })
  return {
    rate: new AppendRate(),
    append: (colony, entry) => batcher.add(colony, entry),
    drained: () => batcher.drained(),
  }
}

import {
  type ColonyKey,
  type Db,
  type ListedProcesses,
  type ListFilter,
  listResultIds,
  listResults,
  readResults,
} from '@colonies/database'

/** Of each of two generations. */
const CHARACTERS_MAX = 8 * 1024 * 1024
/** Longer texts are not kept. */
const TEXT_MAX = 64 * 1024
/** Where the id stands in the text of a process. */
const ID_FROM = '{"processid":"'.length
const ID_TO = ID_FROM + 64

/**
 * Lists of processes that have ended, by their reply texts. A process that has ended, outside of graphs, never changes again, and
 * lists of the last ones are asked for by many, again and again: PostgreSQL then tells which ones they are, a quarter of its work
 * for a page, and the driver has 6 KB to read where it had 100.
 *
 * Which processes a list has is always what PostgreSQL says now; a text is all that is remembered. While most of what is asked
 * for is not known, as when somebody walks through a history, a list is one statement with all texts, as the others are.
 */
export class EndedTexts {
  #young = new Map<string, string>()
  #old = new Map<string, string>()
  #youngCharacters = 0
  /** Half of the processes of the last list were known. */
  #pays = false
  readonly #charactersMax: number

  constructor(charactersMax = CHARACTERS_MAX) {
    this.#charactersMax = charactersMax
  }

  /** As `listResults`. */
  async list(db: Db, colony: ColonyKey, filter: ListFilter): Promise<ListedProcesses> {
    return (this.#pays && (await this.#fromKnown(db, colony, filter))) || this.#whole(db, colony, filter)
  }

  /** Texts that are kept. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** @returns undefined where that is more than a page may have */
  async #fromKnown(db: Db, colony: ColonyKey, filter: ListFilter): Promise<ListedProcesses | undefined> {
    const { colonyName, bytesMax } = filter
    const listed = await listResultIds(db, colony, filter)
    const texts = new Map<string, string>()
    const ids: string[] = []
    for (const { processId, isFinal } of listed) {
      const text = isFinal ? this.#find(keyOf(colony, processId)) : undefined
      if (text === undefined) ids.push(processId)
      else texts.set(processId, text)
    }
    this.#pays = texts.size * 2 >= listed.length
    if (ids.length > 0) {
      const read = await readResults(db, colony, { colonyName, bytesMax, ids })
      if (read.texts.length < read.found) return undefined
      const final = new Set(listed.filter((one) => one.isFinal).map((one) => one.processId))
      for (const text of read.texts) {
        const id = idOf(text)
        texts.set(id, text)
        if (final.has(id)) this.#keep(keyOf(colony, id), text)
      }
    }
    // Who was removed between the two statements is in neither.
    const inOrder = listed.map(({ processId }) => texts.get(processId)).filter((text) => text !== undefined)
    if (inOrder.reduce((sum, text) => sum + text.length, 0) > bytesMax) return undefined
    return { texts: inOrder, found: inOrder.length }
  }

  async #whole(db: Db, colony: ColonyKey, filter: ListFilter): Promise<ListedProcesses> {
    const listed = await listResults(db, colony, filter)
    let known = 0
    for (const text of listed.texts) {
      const key = keyOf(colony, idOf(text))
      if (this.#find(key) !== undefined) known++
      else if (isOutsideOfGraphs(text)) this.#keep(key, text)
    }
    this.#pays = known > 0 && known * 2 >= listed.texts.length
    return listed
  }

  #find(key: string): string | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.#add(key, old)
    return old
  }

  #keep(key: string, text: string): void {
    // Copies: a part of an answer would keep all of it.
    if (text.length <= TEXT_MAX) this.#add(copyOf(key), copyOf(text))
  }

  #add(key: string, text: string): void {
    if (this.#youngCharacters + text.length > this.#charactersMax) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngCharacters = 0
    } else this.#old.delete(key)
    this.#young.set(key, text)
    this.#youngCharacters += text.length
  }
}

/** An id is one of all colonies, but no mistake elsewhere shall show one the text of another. */
const keyOf = (colony: ColonyKey, id: string) => `${colony}/${id}`

const idOf = (text: string) => text.slice(ID_FROM, ID_TO)

/** What stands before it in a text may be anybody's, so it may say no where it should say yes, and never the other way round. */
const isOutsideOfGraphs = (text: string) => !/"processgraphid":"[^"]/.test(text)

const copyOf = (text: string) => Buffer.from(text).toString()

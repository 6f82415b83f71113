import { type ColonyKey, type Db, listObjects, type ObjectRow } from '@colonies/database'

export interface ListWish {
  prefix: string
  /** Keys are grouped up to the first of these after the prefix; empty: not at all. */
  delimiter: string
  /** Only what comes after this key or group. */
  after: string
  limit: number
}

export interface ListPage {
  objects: ObjectRow[]
  /** Groups, each ending with the delimiter. */
  prefixes: string[]
  /** Where to go on; undefined when this was all. */
  next: string | undefined
}

/** Sorts after every key that begins with what stands before it: no UTF-8 text has this character at the end of a key. */
const LAST = '\u{10ffff}'

/** One page of a bucket. A group costs one look into the index, however many objects it has. */
export async function listPage(db: Db, colony: ColonyKey, bucket: string, wish: ListWish): Promise<ListPage> {
  const { prefix, delimiter, limit } = wish
  const page: ListPage = { objects: [], prefixes: [], next: undefined }
  if (limit === 0) return page
  let after = delimiter !== '' && wish.after.endsWith(delimiter) ? wish.after + LAST : wish.after
  let last = wish.after
  for (;;) {
    const left = limit - page.objects.length - page.prefixes.length
    const rows = await listObjects(db, colony, bucket, { prefix, after, limit: left + 1 })
    if (rows.length === 0) return page
    for (const [index, row] of rows.entries()) {
      if (page.objects.length + page.prefixes.length === limit) return { ...page, next: last }
      const end = delimiter === '' ? -1 : row.key.indexOf(delimiter, prefix.length)
      if (end < 0) {
        page.objects.push(row)
        last = after = row.key
        if (index === rows.length - 1 && rows.length <= left) return page
        continue
      }
      last = row.key.slice(0, end + delimiter.length)
      page.prefixes.push(last)
      after = last + LAST
      break // the rest of this group is skipped
    }
  }
}

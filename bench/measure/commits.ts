import { type Database, sql } from '@colonies/database'
import { rateOf } from './statistics.js'

/** So far in this run, a second. */
let fastest = 0

/** Commits of one row a second, one after the other. */
export async function commitsPerSecond(db: Database, count: number): Promise<number> {
  await db.run(sql`create table if not exists bare (id bigint generated always as identity primary key, body text)`)
  const body = 'x'.repeat(600)
  const rate = await rateOf(count, 1, () => db.run(sql`insert into bare (body) values (${body})`))
  await db.run(sql`truncate bare`)
  fastest = Math.max(fastest, rate)
  return rate
}

const WAIT_MS_MAX = 60_000

/**
 * Resolves when commits are half as fast as they were at best, or after a minute: a disk that took gigabytes is slow for a while. To
 * ask takes as long as 200 commits, and nothing tells sooner.
 */
export async function untilCommitsAreFast(db: Database): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX
  let rate: number
  do rate = await commitsPerSecond(db, 200)
  while (rate < fastest / 2 && performance.now() < endMs)
}

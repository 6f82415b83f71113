import { readFile, stat } from 'node:fs/promises'

/** Whose process PostgreSQL becomes. */
export interface Account {
  uid: number
  gid: number
}

/** `postgres` is made for this; `nobody` is on every Linux. Neither is created: no `useradd` on small images. */
const CANDIDATES = ['postgres', 'nobody']

/**
 * PostgreSQL refuses to run as root, so root runs it under an unprivileged account.
 *
 * @param clusterDir whose owner it stays once it exists, even when a better account appears later
 * @returns undefined when we are not root, and so run it as ourselves
 */
export async function findAccount(clusterDir: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const owner = await stat(clusterDir).catch(() => undefined)
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'))
  for (const name of CANDIDATES) {
    const [, , uid, gid] = lines.find((line) => line[0] === name) ?? []
    if (Number(uid) > 0 && Number(gid) > 0) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(
    `PostgreSQL does not run as root, and there is no account ${CANDIDATES.join(' or ')} to run it under. ` +
      'Start as another user, add one of these accounts, or set COLONIES_DB_HOST to use a PostgreSQL of your own.',
  )
}

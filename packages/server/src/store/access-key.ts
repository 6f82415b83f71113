import type { ColonyKey } from '@colonies/database'

/** The access key of one member of one colony. */
export function accessKeyOf(colony: ColonyKey, memberId: string): string {
  return `C${colony}-${memberId}`
}

/** @returns undefined for a key that this server never gave */
export function parseAccessKey(accessKey: string): { colony: ColonyKey; memberId: string } | undefined {
  const [, colony, memberId] = /^C([1-9]\d{0,9})-([0-9a-f]{64})$/.exec(accessKey) ?? []
  return colony && memberId ? { colony: Number(colony) as ColonyKey, memberId } : undefined
}

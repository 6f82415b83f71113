const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Bytes as people read them: `0 B`, `1.5 kB`, `20 MB`; a thousand of one is one of the next. */
export function formatBytes(bytes: number | bigint): string {
  let value = Number(bytes)
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${Number(value.toFixed(digits))} ${units[unit]}`
}

/** What became ready to be assigned: a reason to wake up waiters. */
export interface ReadyLine {
  executorType: string
  count: number
  /** The earliest priority time of them, where it is known: those before it need not be looked at again. */
  from?: bigint
}

/** One line for each executor type; its time is known where that of all its parts is. */
export function readyLines(parts: Iterable<ReadyLine>): ReadyLine[] {
  const lines = new Map<string, ReadyLine>()
  for (const part of parts) {
    const line = lines.get(part.executorType)
    lines.set(part.executorType, line ? joined(line, part) : part)
  }
  return [...lines.values()]
}

function joined(one: ReadyLine, other: ReadyLine): ReadyLine {
  const [executorType, count] = [one.executorType, one.count + other.count]
  if (one.from === undefined || other.from === undefined) return { executorType, count }
  const isFirst = one.from < other.from
  return { executorType, count, from: isFirst ? one.from : other.from }
}

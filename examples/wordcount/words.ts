/** How often each word comes; words are runs of ASCII letters in lower case, whatever the encoding around them. */
export type Counts = { [word: string]: number }

/** @param bytes one character per byte (latin1), so that no encoding is guessed */
export function countWords(bytes: string, counts: Map<string, number>): void {
  for (const [word] of bytes.matchAll(/[A-Za-z]+/g)) {
    const lower = word.toLowerCase()
    counts.set(lower, (counts.get(lower) ?? 0) + 1)
  }
}

export function merge(all: readonly Counts[]): Map<string, number> {
  const total = new Map<string, number>()
  for (const counts of all) {
    for (const [word, count] of Object.entries(counts)) total.set(word, (total.get(word) ?? 0) + count)
  }
  return total
}

/** As `sort | uniq -c` writes it in the C locale. */
export function asUniq(total: ReadonlyMap<string, number>): string {
  const words = [...total.keys()].sort()
  return words.map((word) => `${String(total.get(word)).padStart(7)} ${word}\n`).join('')
}

import { setFlagsFromString } from 'node:v8'

/** What may be garbage before V8 looks for it, in percent of what lives. */
const GARBAGE_PERCENT = 50

/**
 * Keeps the heap of a server near what lives in it. By itself V8 lets it become up to four times as large before it looks for what is
 * no longer needed, so the memory of a server goes up and down by 50 MB for hours: nobody can tell that from a leak.
 *
 * For processes that run on: where one works for a second, garbage is best left alone.
 */
export function keepHeapFlat(): void {
  setFlagsFromString(`--heap-growing-percent=${GARBAGE_PERCENT}`)
}

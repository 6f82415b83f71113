/** Looks until it is so. @throws Error after a minute */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    if (await isSo()) return
    // sleeps: between two looks
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('what was to be measured has not happened within a minute')
}

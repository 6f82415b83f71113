/**
 * Waits, but no longer than this.
 *
 * @param what is waited for, as the subject of the complaint
 * @throws Error when the time is over; what was waited for goes on
 */
export async function within<Value>(ms: number, what: string, awaited: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([awaited, late])
  } finally {
    clearTimeout(timer)
  }
}

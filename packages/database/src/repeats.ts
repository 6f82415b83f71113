/**
 * Finds requests that are in one batch twice: the later ones share the outcome of the first, whatever that is.
 *
 * @param keys null where there is no request id
 * @returns for each place, the place of the first of its key; its own for null
 */
export function firstPlaces(keys: readonly (string | null)[]): number[] {
  const firstOf = new Map<string, number>()
  return keys.map((key, place) => {
    if (key === null) return place
    const earlier = firstOf.get(key)
    if (earlier === undefined) firstOf.set(key, place)
    return earlier ?? place
  })
}

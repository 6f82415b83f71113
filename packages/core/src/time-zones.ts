const SECOND = 1000

/** A time zone by its IANA name. */
export interface TimeZone {
  /** What clocks there are ahead of UTC by at an instant, in ms; negative when behind. */
  offsetMs(instantMs: number): number
}

const utc: TimeZone = { offsetMs: () => 0 }

// Making a formatter takes a thousand times as long as using it. Names come in many spellings, so there is an end to it.
const known = new Map<string, TimeZone>()
const KNOWN_MAX = 1000

/** @returns undefined when there is no such zone. `UTC` and the empty name are UTC. */
export function findTimeZone(name: string): TimeZone | undefined {
  if (name === '' || name === 'UTC') return utc
  // Offsets such as `+01:00` are zones to some engines and not to others.
  if (!/^[A-Za-z][\w+/-]*$/.test(name)) return undefined
  const zone = known.get(name) ?? makeTimeZone(name)
  if (!zone) return undefined
  if (known.size >= KNOWN_MAX) known.clear()
  known.set(name, zone)
  return zone
}

function makeTimeZone(name: string): TimeZone | undefined {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
  return {
    offsetMs(instantMs) {
      const wholeMs = Math.floor(instantMs / SECOND) * SECOND
      const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] =
        format.format(wholeMs).match(/\d+/g)?.map(Number) ?? []
      return Date.UTC(year, month - 1, day, hour, minute, second) - wholeMs
    },
  }
}

/**
 * The first instant of another offset, to the second.
 *
 * @param from an instant before the change
 * @param to an instant after it; there has to be just one change in between
 */
export function findTransition(zone: TimeZone, from: number, to: number): number {
  const before = zone.offsetMs(from)
  let [low, high] = [from, to]
  while (high - low > SECOND) {
    const middle = low + Math.floor((high - low) / 2 / SECOND) * SECOND
    if (zone.offsetMs(middle) === before) low = middle
    else high = middle
  }
  return high
}

import { zeroTime } from '@colonies/protocol'

/** A time of the wire as `2026-11-21 01:10:56`, local; empty for "not yet". */
export function formatTime(time: string): string {
  return time === zeroTime || time === '' ? '' : formatDate(new Date(time))
}

/** The same with its time zone, for plans: `2026-11-21 01:10:56 UTC+01:00`. */
export function formatZonedTime(time: string): string {
  const local = formatTime(time)
  return local && `${local} ${formatZone(new Date(time).getTimezoneOffset())}`
}

/** @param minutesWest as JavaScript counts them: -60 is `UTC+01:00` */
function formatZone(minutesWest: number): string {
  if (minutesWest === 0) return 'UTC'
  const minutes = Math.abs(minutesWest)
  const parts = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'))
  return `UTC${minutesWest < 0 ? '+' : '-'}${parts.join(':')}`
}

/** Unix time in ns, as log entries have it. */
export function formatNanoseconds(timestamp: bigint): string {
  return formatDate(new Date(Number(timestamp / 1_000_000n)))
}

function formatDate(date: Date): string {
  const pad = (number: number) => String(number).padStart(2, '0')
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(':')
  return `${day} ${time}`
}

/** The time between two times of the wire as `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`; empty when the first is "not yet". */
export function formatDuration(from: string, to: string, nowMs = Date.now()): string {
  if (from === zeroTime) return ''
  return formatMs(Math.max(0, (to === zeroTime ? nowMs : Date.parse(to)) - Date.parse(from)))
}

/** Milliseconds in the same way. */
export function formatMs(ms: number): string {
  const seconds = ms / 1_000
  if (seconds < 1) return `${Math.round(ms)} ms`
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.floor(seconds)
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`
}

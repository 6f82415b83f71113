import type { Micros } from '../model/tables.js'

/** Of a time as the database package gives it; `Date` would round it to milliseconds. */
export function microsOf(time: string): Micros {
  const [, seconds = '', fraction = ''] = /^(.{19})(?:\.(\d+))?Z$/.exec(time) ?? []
  return Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0'))
}

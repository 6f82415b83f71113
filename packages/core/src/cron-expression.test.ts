import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ColoniesError } from '@colonies/protocol'
import fc from 'fast-check'
import { parseCronExpression } from './cron-expression.js'
import { findTimeZone } from './time-zones.js'

const iso = (ms: number | undefined) => (ms === undefined ? 'never' : new Date(ms).toISOString().replace('.000Z', 'Z'))

/** Planned times, each after the one before. */
function timesOf(expression: string, after: string, count: number, zone?: string): string[] {
  const schedule = parseCronExpression(expression, zone)
  const times: string[] = []
  for (let at: number | undefined = Date.parse(after); times.length < count; ) {
    at = schedule.next(at)
    times.push(iso(at))
    if (at === undefined) break
  }
  return times
}

/** Worked out by hand, with a calendar. 2026-11-21 is a Saturday. */
const nextTimes: [expression: string, after: string, ...times: string[]][] = [
  // Each field alone.
  ['* * * * * *', '2026-11-21T02:29:32Z', '2026-11-21T02:29:33Z', '2026-11-21T02:29:34Z'],
  ['* * * * * *', '2026-11-21T02:29:32.999Z', '2026-11-21T02:29:33Z'],
  ['* * * * * *', '2026-12-31T23:59:59Z', '2027-01-01T00:00:00Z'],
  ['30 * * * * *', '2026-11-21T02:29:30Z', '2026-11-21T02:30:30Z'],
  ['30 * * * * *', '2026-11-21T02:29:29.001Z', '2026-11-21T02:29:30Z'],
  ['0 15 * * * *', '2026-11-21T02:15:00Z', '2026-11-21T03:15:00Z'],
  ['0 0 3 * * *', '2026-11-21T02:29:32Z', '2026-11-21T03:00:00Z', '2026-11-22T03:00:00Z'],
  ['0 0 1 1 * *', '2026-11-21T02:29:32Z', '2026-12-01T01:00:00Z', '2027-01-01T01:00:00Z'],
  ['0 0 0 1 1 *', '2026-11-21T00:00:00Z', '2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z'],
  ['0 0 0 * * 1', '2026-11-21T00:00:00Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
  ['0 0 0 31 * *', '2026-11-21T00:00:00Z', '2026-12-31T00:00:00Z', '2027-01-31T00:00:00Z', '2027-03-31T00:00:00Z'],
  ['0 0 0 29 2 *', '2026-11-21T00:00:00Z', '2028-02-29T00:00:00Z', '2032-02-29T00:00:00Z'],
  // Lists, ranges, steps.
  ['0/1 * * * * *', '2026-11-21T00:00:00Z', '2026-11-21T00:00:01Z', '2026-11-21T00:00:02Z'],
  ['*/20 * * * * *', '2026-11-21T00:00:05Z', '2026-11-21T00:00:20Z', '2026-11-21T00:00:40Z', '2026-11-21T00:01:00Z'],
  ['50/7 * * * * *', '2026-11-21T00:00:00Z', '2026-11-21T00:00:50Z', '2026-11-21T00:00:57Z', '2026-11-21T00:01:50Z'],
  [
    '10-30/15 * * * * *',
    '2026-11-21T00:00:00Z',
    '2026-11-21T00:00:10Z',
    '2026-11-21T00:00:25Z',
    '2026-11-21T00:01:10Z',
  ],
  ['5,1,3 0 0 * * *', '2026-11-21T00:00:00Z', '2026-11-21T00:00:01Z', '2026-11-21T00:00:03Z', '2026-11-21T00:00:05Z'],
  [
    '0 0 9-17/4 * * MON-FRI',
    '2026-11-21T00:00:00Z',
    '2026-11-23T09:00:00Z',
    '2026-11-23T13:00:00Z',
    '2026-11-23T17:00:00Z',
    '2026-11-24T09:00:00Z',
  ],
  ['0 0 12 * jan,Jul *', '2026-11-21T00:00:00Z', '2027-01-01T12:00:00Z'],
  [
    '0 0 0 1 Feb-APR *',
    '2026-11-21T00:00:00Z',
    '2027-02-01T00:00:00Z',
    '2027-03-01T00:00:00Z',
    '2027-04-01T00:00:00Z',
    '2028-02-01T00:00:00Z',
  ],
  ['? ? ? ? ? ?', '2026-11-21T00:00:00Z', '2026-11-21T00:00:01Z'],
  ['0,59 59 23 28-31 2 *', '2027-02-28T23:59:00Z', '2027-02-28T23:59:59Z', '2028-02-28T23:59:00Z'],
  // Blanks of all kinds, and leading zeros and pluses as Go reads them.
  ['  0\t05 +3   * * *  ', '2026-11-21T00:00:00Z', '2026-11-21T03:05:00Z'],
  // A repeated comma is one.
  ['0,,30 * * * * *', '2026-11-21T00:00:00Z', '2026-11-21T00:00:30Z', '2026-11-21T00:01:00Z'],
  // Days of month and of week: both restricted, one suffices.
  [
    '0 0 0 13 * 5',
    '2026-11-21T00:00:00Z',
    '2026-11-27T00:00:00Z',
    '2026-12-04T00:00:00Z',
    '2026-12-11T00:00:00Z',
    '2026-12-13T00:00:00Z',
  ],
  // One is a star: both have to match.
  ['0 0 0 13 * *', '2026-11-21T00:00:00Z', '2026-12-13T00:00:00Z'],
  ['0 0 0 * * 5', '2026-11-21T00:00:00Z', '2026-11-27T00:00:00Z'],
  ['0 0 0 ? * 5', '2026-11-21T00:00:00Z', '2026-11-27T00:00:00Z'],
  ['0 0 0 */1 * 5', '2026-11-21T00:00:00Z', '2026-11-27T00:00:00Z', '2026-12-04T00:00:00Z'],
  // A star with a step is restricted: days 1, 16, 31, or Fridays.
  ['0 0 0 */15 * 5', '2026-11-21T00:00:00Z', '2026-11-27T00:00:00Z', '2026-12-01T00:00:00Z', '2026-12-04T00:00:00Z'],
  // A star in a list makes all of it a star: every day that is a Sunday.
  ['0 0 0 */15,* * 0', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z', '2026-11-29T00:00:00Z'],
  // Even days or even weekdays (Sunday, Tuesday, Thursday, Saturday).
  ['0 0 0 */2 * */2', '2026-11-20T00:00:00Z', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z', '2026-11-23T00:00:00Z'],
  // Descriptors.
  ['@yearly', '2026-11-21T00:00:00Z', '2027-01-01T00:00:00Z'],
  ['@annually', '2027-01-01T00:00:00Z', '2028-01-01T00:00:00Z'],
  ['@monthly', '2026-11-21T00:00:00Z', '2026-12-01T00:00:00Z'],
  ['@weekly', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z', '2026-11-29T00:00:00Z'],
  ['@daily', '2026-11-21T00:00:00Z', '2026-11-22T00:00:00Z'],
  ['@midnight', '2026-11-21T12:00:00Z', '2026-11-22T00:00:00Z'],
  ['@hourly', '2026-11-21T00:10:00Z', '2026-11-21T01:00:00Z'],
  ['@every 90s', '2026-11-21T00:00:00.700Z', '2026-11-21T00:01:30Z', '2026-11-21T00:03:00Z'],
  ['@every 1h30m', '2026-11-21T00:00:00Z', '2026-11-21T01:30:00Z'],
  ['@every 1.5h', '2026-11-21T00:00:00Z', '2026-11-21T01:30:00Z'],
  ['@every 2500ms', '2026-11-21T00:00:00Z', '2026-11-21T00:00:02Z', '2026-11-21T00:00:04Z'],
  ['@every 1ms', '2026-11-21T00:00:00Z', '2026-11-21T00:00:01Z'],
  ['@every -5m', '2026-11-21T00:00:00Z', '2026-11-21T00:00:01Z'],
  ['@every 0', '2026-11-21T00:00:00Z', '2026-11-21T00:00:01Z'],
  // Time zones. Stockholm is at +1 in winter, at +2 from the last Sunday of March to that of October.
  ['TZ=Europe/Stockholm 0 0 3 * * *', '2026-11-21T02:29:32Z', '2026-11-22T02:00:00Z'],
  ['CRON_TZ=Europe/Stockholm 0 0 3 * * *', '2026-07-01T00:00:00Z', '2026-07-01T01:00:00Z', '2026-07-02T01:00:00Z'],
  ['TZ=Asia/Kolkata @daily', '2026-11-21T00:00:00Z', '2026-11-21T18:30:00Z'],
  ['TZ=UTC 0 0 3 * * *', '2026-11-21T02:29:32Z', '2026-11-21T03:00:00Z'],
  ['TZ=America/New_York 0 0 0 1 * *', '2026-11-21T00:00:00Z', '2026-12-01T05:00:00Z'],
  ['TZ=Pacific/Kiritimati 0 0 0 1 1 *', '2026-11-21T00:00:00Z', '2026-12-31T10:00:00Z'],
  // The hour that the clocks skip (29 March 2026, 2 to 3) is skipped, and what lies in it waits for the next day.
  ['TZ=Europe/Stockholm 0 30 2 * * *', '2026-03-28T00:00:00Z', '2026-03-28T01:30:00Z', '2026-03-30T00:30:00Z'],
  ['TZ=Europe/Stockholm 0 0 * * * *', '2026-03-29T00:00:00Z', '2026-03-29T01:00:00Z', '2026-03-29T02:00:00Z'],
  ['TZ=Europe/Stockholm 0 30 2 29 3 *', '2026-01-01T00:00:00Z', '2027-03-29T00:30:00Z'],
  // The hour that they repeat (25 October 2026, 2 to 3) comes twice.
  [
    'TZ=Europe/Stockholm 0 30 2 * * *',
    '2026-10-24T12:00:00Z',
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:30:00Z',
    '2026-10-26T01:30:00Z',
  ],
  ['TZ=Europe/Stockholm 0 0 * * * *', '2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z', '2026-10-25T02:00:00Z'],
  // Half an hour, at 2 o'clock on 4 October 2026.
  ['TZ=Australia/Lord_Howe 0 15 2 * * *', '2026-10-02T12:00:00Z', '2026-10-02T15:45:00Z', '2026-10-04T15:15:00Z'],
  // Clocks that change at midnight: 6 September 2026 begins at 1 o'clock, 5 April 2026 has its 23rd hour before it twice.
  ['TZ=America/Santiago 0 0 0 * * *', '2026-09-05T00:00:00Z', '2026-09-05T04:00:00Z', '2026-09-07T03:00:00Z'],
  [
    'TZ=America/Santiago 0 30 23 * * *',
    '2026-04-04T12:00:00Z',
    '2026-04-05T02:30:00Z',
    '2026-04-05T03:30:00Z',
    '2026-04-06T03:30:00Z',
  ],
  ['TZ=America/Santiago 0 0 0 6 9 *', '2026-01-01T00:00:00Z', '2027-09-06T03:00:00Z'],
  // A day that was left out: 30 December 2011 on Samoa.
  ['TZ=Pacific/Apia 0 0 12 * * *', '2011-12-29T23:00:00Z', '2011-12-30T22:00:00Z'],
  ['TZ=Pacific/Apia 0 0 0 31 12 *', '2011-12-30T09:55:00Z', '2011-12-30T10:00:00Z'],
  // No such day, or not within five years.
  ['0 0 0 30 2 *', '2026-11-21T00:00:00Z', 'never'],
  ['0 0 0 31 4,6,9,11 *', '2026-11-21T00:00:00Z', 'never'],
  ['0 0 0 29 2 *', '2096-03-01T00:00:00Z', 'never'],
  ['0 0 0 29 2 *', '2099-03-01T00:00:00Z', '2104-02-29T00:00:00Z'],
]

for (const [expression, after, ...times] of nextTimes) {
  test(`${expression} after ${after}`, () => {
    assert.deepEqual(timesOf(expression, after, times.length), times)
  })
}

test('an expression without a zone means that of the server', () => {
  assert.deepEqual(timesOf('0 0 3 * * *', '2026-11-21T02:29:32Z', 1, 'Europe/Stockholm'), ['2026-11-22T02:00:00Z'])
  assert.deepEqual(timesOf('TZ=Local 0 0 3 * * *', '2026-11-21T02:29:32Z', 1, 'Europe/Stockholm'), [
    '2026-11-22T02:00:00Z',
  ])
  assert.deepEqual(timesOf('TZ=UTC 0 0 3 * * *', '2026-11-21T02:29:32Z', 1, 'Europe/Stockholm'), [
    '2026-11-21T03:00:00Z',
  ])
})

const refusals: [expression: string, says: string][] = [
  ['', 'empty cron expression string'],
  [' ', 'expected exactly 6 fields, found 0: []'],
  ['* * * * *', 'expected exactly 6 fields, found 5: [* * * * *]'],
  ['* * * * * * *', 'expected exactly 6 fields, found 7: [* * * * * * *]'],
  ['TZ=UTC', 'expected exactly 6 fields, found 0: []'],
  ['61 * * * * *', 'end of range (61) above maximum (59): 61'],
  ['* * 24 * * *', 'end of range (24) above maximum (23): 24'],
  ['* * * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['* * * * 0 *', 'beginning of range (0) below minimum (1): 0'],
  ['* * * * * 7', 'end of range (7) above maximum (6): 7'],
  ['5-3 * * * * *', 'beginning of range (5) beyond end of range (3): 5-3'],
  ['* * * * DEC-jan *', 'beginning of range (12) beyond end of range (1): DEC-jan'],
  ['*/0 * * * * *', 'step of range should be a positive number: */0'],
  ['*/-1 * * * * *', 'negative number (-1) not allowed: -1'],
  ['1-2-3 * * * * *', 'too many hyphens: 1-2-3'],
  ['1/2/3 * * * * *', 'too many slashes: 1/2/3'],
  ['x * * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ['-1 * * * * *', 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'],
  ['1.5 * * * * *', 'failed to parse int from 1.5: strconv.Atoi: parsing "1.5": invalid syntax'],
  ['L * * * * *', 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'],
  ['* * * 15W * *', 'failed to parse int from 15W: strconv.Atoi: parsing "15W": invalid syntax'],
  ['* * * * * 5#3', 'failed to parse int from 5#3: strconv.Atoi: parsing "5#3": invalid syntax'],
  ['* * * mon * *', 'failed to parse int from mon: strconv.Atoi: parsing "mon": invalid syntax'],
  [
    '9223372036854775808 * * * * *',
    'failed to parse int from 9223372036854775808: strconv.Atoi: parsing "9223372036854775808": value out of range',
  ],
  ['9223372036854775807 * * * * *', 'end of range'],
  [', * * * * *', 'no value in field: ,'],
  ['@foo', 'unrecognized descriptor: @foo'],
  ['@DAILY', 'unrecognized descriptor: @DAILY'],
  ['@constructor', 'unrecognized descriptor: @constructor'],
  ['@every', 'unrecognized descriptor: @every'],
  ['@every x', 'failed to parse duration @every x: time: invalid duration "x"'],
  ['@every ', 'failed to parse duration @every : time: invalid duration ""'],
  ['@every 5', 'failed to parse duration @every 5: time: missing unit in duration "5"'],
  ['@every 5 m', 'failed to parse duration @every 5 m: time: unknown unit " m" in duration "5 m"'],
  ['@every 3d', 'failed to parse duration @every 3d: time: unknown unit "d" in duration "3d"'],
  ['@every 2562048h', 'failed to parse duration @every 2562048h: time: invalid duration "2562048h"'],
  ['TZ=Bad/Zone * * * * * *', 'provided bad location Bad/Zone: unknown time zone Bad/Zone'],
  ['TZ=+01:00 * * * * * *', 'provided bad location +01:00: unknown time zone +01:00'],
  ['CRON_TZ=../etc/passwd @daily', 'provided bad location ../etc/passwd: unknown time zone ../etc/passwd'],
  ['0,'.repeat(600), 'the cron expression has more than 1000 characters'],
]

for (const [expression, says] of refusals) {
  test(`refused: ${expression.slice(0, 40)}`, () => {
    assert.throws(
      () => parseCronExpression(expression),
      (error) => error instanceof ColoniesError && error.code === 'bad_request' && error.message.startsWith(says),
    )
  })
}

/** One field with values that it may have, as text and as the set of values that the text means. */
function fieldArbitrary(min: number, max: number): fc.Arbitrary<{ text: string; values: number[] | undefined }> {
  const value = fc.integer({ min, max })
  const range = (from: number, to: number, step: number) =>
    Array.from({ length: max + 1 }, (_, n) => n).filter((n) => n >= from && n <= to && (n - from) % step === 0)
  const one = fc.oneof(
    value.map((v) => ({ text: String(v), values: [v] })),
    fc.tuple(value, value).map(([a, b]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      return { text: `${from}-${to}`, values: range(from, to, 1) }
    }),
    fc.tuple(value, fc.integer({ min: 1, max: 70 })).map(([from, step]) => ({
      text: `${from}/${step}`,
      values: range(from, max, step),
    })),
    fc.integer({ min: 2, max: 70 }).map((step) => ({ text: `*/${step}`, values: range(min, max, step) })),
  )
  const list = fc.array(one, { minLength: 1, maxLength: 3 }).map((parts) => ({
    text: parts.map((part) => part.text).join(','),
    values: parts.flatMap((part) => part.values),
  }))
  return fc.oneof(
    fc.constantFrom('*', '?', '*/1').map((text) => ({ text, values: undefined })),
    list,
  )
}

const zones = ['UTC', 'Europe/Stockholm', 'America/New_York', 'America/Santiago', 'Australia/Lord_Howe', 'Asia/Kolkata']
const expressionArbitrary = fc.tuple(
  fieldArbitrary(0, 59),
  fieldArbitrary(0, 59),
  fieldArbitrary(0, 23),
  fieldArbitrary(1, 31),
  fieldArbitrary(1, 12),
  fieldArbitrary(0, 6),
)
const now = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2040-01-01') })
type Field = { values: number[] | undefined }

/** Said again, in the plainest way: what a time has to show. */
function shows(fields: Field[], zone: string, ms: number): boolean {
  const clock = new Date(ms + (findTimeZone(zone)?.offsetMs(ms) ?? 0))
  const [second, minute, hour, day, month, weekday] = [
    clock.getUTCSeconds(),
    clock.getUTCMinutes(),
    clock.getUTCHours(),
    clock.getUTCDate(),
    clock.getUTCMonth() + 1,
    clock.getUTCDay(),
  ].map((value, place) => fields[place]?.values?.includes(value) ?? true)
  const restricted = fields[3]?.values !== undefined && fields[5]?.values !== undefined
  return Boolean(second && minute && hour && month && (restricted ? day || weekday : day && weekday))
}

test('the next time is later, matches, and no earlier one does', () => {
  const numRuns = 400
  fc.assert(
    fc.property(expressionArbitrary, fc.constantFrom(...zones), now, (fields, zone, after) => {
      const text = fields.map((field) => field.text).join(' ')
      const next = parseCronExpression(text, zone).next(after)
      if (next === undefined) return
      assert.ok(next > after && next % 1000 === 0, `${text} ${zone} ${iso(after)}: ${iso(next)}`)
      assert.ok(shows(fields, zone, next), `${text} in ${zone} after ${iso(after)} is not ${iso(next)}`)
      // The last hours before, where clocks change, and some seconds anywhere.
      const earliest = Math.floor(after / 1000) * 1000 + 1000
      for (let at = Math.max(earliest, next - 3_000_000); at < next; at += 1000) {
        assert.ok(!shows(fields, zone, at), `${text} in ${zone} after ${iso(after)} is ${iso(at)} already`)
      }
      for (let turn = 0; turn < 300; turn += 1) {
        const at = earliest + Math.floor(((next - earliest) / 1000) * (turn / 300)) * 1000
        assert.ok(
          at >= next || !shows(fields, zone, at),
          `${text} in ${zone} after ${iso(after)} is ${iso(at)} already`,
        )
      }
    }),
    { numRuns },
  )
})

test('around each change of the clocks, every matching minute comes, and no other', () => {
  const changes = [
    ['Europe/Stockholm', '2026-03-29T01:00:00Z'],
    ['Europe/Stockholm', '2026-10-25T01:00:00Z'],
    ['America/Santiago', '2026-09-06T04:00:00Z'],
    ['America/Santiago', '2026-04-05T03:00:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ] as const
  fc.assert(
    fc.property(fc.constantFrom(...changes), fieldArbitrary(0, 59), fieldArbitrary(0, 23), (change, minute, hour) => {
      const [zone, instant] = change
      const [from, to] = [Date.parse(instant) - 5 * 3_600_000, Date.parse(instant) + 30 * 3_600_000]
      const fields = [{ values: [0] }, minute, hour, {}, {}, {}] as Field[]
      const expected: number[] = []
      for (let at = from + 60_000; at <= to; at += 60_000) if (shows(fields, zone, at)) expected.push(at)
      const schedule = parseCronExpression(`0 ${minute.text} ${hour.text} * * *`, zone)
      const found: number[] = []
      for (let at = schedule.next(from); at !== undefined && at <= to; at = schedule.next(at)) found.push(at)
      assert.deepEqual(found.map(iso), expected.map(iso), `${minute.text} ${hour.text} ${zone}`)
    }),
    { numRuns: 150 },
  )
})

test('a word that every object knows is no cron', () => {
  for (const text of ['toString', 'constructor', '__proto__'])
    assert.throws(() => parseCronExpression(text), ColoniesError)
})

test('any text is read or refused with a sentence, quickly', () => {
  const pieces = fc.constantFrom(
    '*',
    '?',
    '/',
    '-',
    ',',
    ' ',
    '0',
    '5',
    '59',
    'jan',
    'SUN',
    '@every ',
    '@daily',
    'TZ=',
    'h',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces, { maxLength: 20 }).map((all) => all.join('')),
      ),
      (text) => {
        try {
          parseCronExpression(text).next(0)
        } catch (error) {
          assert.ok(error instanceof ColoniesError, String(error))
        }
      },
    ),
  )
})

test('an expression that never matches is found out in a moment', () => {
  const begin = performance.now()
  for (let turn = 0; turn < 100; turn += 1)
    parseCronExpression('TZ=Europe/Stockholm 59 59 23 30 2 *').next(Date.parse('2026-11-21'))
  assert.ok(performance.now() - begin < 1000)
})

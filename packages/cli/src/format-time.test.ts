import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zeroTime } from '@colonies/protocol'
import { formatZonedTime } from './format-time.js'

test('planned times are local, and say in which time zone', (t) => {
  const { TZ } = process.env
  t.after(() => {
    if (TZ === undefined) delete process.env.TZ
    else process.env.TZ = TZ
  })
  const shownIn = (zone: string) => {
    process.env.TZ = zone
    return formatZonedTime('2026-07-01T12:00:00Z')
  }
  assert.equal(shownIn('UTC'), '2026-07-01 12:00:00 UTC')
  assert.equal(shownIn('Europe/Stockholm'), '2026-07-01 14:00:00 UTC+02:00')
  assert.equal(shownIn('America/St_Johns'), '2026-07-01 09:30:00 UTC-02:30')
  assert.equal(formatZonedTime(zeroTime), '')
})

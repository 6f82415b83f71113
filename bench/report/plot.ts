import { RECORDED } from '../recorded.js'
import type { Result } from '../rounds.js'
import { timesBetter } from '../verdict.js'
import { numberText, valueText } from './text.js'

const [WIDTH, BAR, GAP, LEFT, RIGHT] = [860, 20, 10, 330, 150]
/** Powers of ten, each as wide as the other. */
const scale = (times: number, most: number) => ((WIDTH - LEFT - RIGHT) * Math.log10(times)) / Math.log10(most)

/** Bars: how many times better each row is than the other server; both values beside it. */
export function plotOf(results: readonly Result[], others: readonly string[]): string {
  const bars = results.flatMap((result) => {
    const times = timesBetter(result)
    return times !== undefined && Number.isFinite(times) && times > 1 ? [{ result, times }] : []
  })
  const most = Math.max(10, ...bars.map(({ times }) => times))
  const height = bars.length * (BAR + GAP) + 50
  const lines = bars.map(({ result, times }, at) => {
    const y = 36 + at * (BAR + GAP)
    const width = scale(times, most)
    const values = `${valueText(result.row, result.ours.value)}, not ${valueText(result.row, result.other?.value ?? Number.NaN)}`
    return [
      `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${escaped(result.row.says)}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${width.toFixed(0)}" height="${BAR}" rx="3" fill="#2f7d6b"/>`,
      `<text x="${(LEFT + width + 6).toFixed(0)}" y="${y + 14}"><tspan font-weight="bold">${numberText(times)} x</tspan> <tspan fill="#777">${escaped(values)}</tspan></text>`,
    ].join('')
  })
  const where = others.includes(RECORDED) ? '' : ', same machine, same run'
  const title = `Times better than ${escaped(others.join(' and '))}${where}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="20" font-weight="bold">${title}</text>`,
    ...lines,
    '</svg>',
  ].join('\n')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

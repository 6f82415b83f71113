import type { Study } from './study.js'

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 380, 70, 190, 50, 60]
/** Milliseconds at the foot and at the head. */
const [LOW, HIGH] = [1, 1_000]

const lines = [
  { name: 'submit to assigned, p99', color: '#b3541e', of: 'assigned', at: 'p99' },
  { name: 'submit acknowledged, p99', color: '#2f7d6b', of: 'submitted', at: 'p99' },
  { name: 'submit acknowledged, p50', color: '#7fb8aa', of: 'submitted', at: 'p50' },
] as const

/** Waits by load, on the deployment that is made for the peak. */
export function pictureOf({ sweep, demand, plans }: Study): string {
  const most = Math.max(...sweep.map(({ times }) => times))
  const x = (times: number) => LEFT + ((WIDTH - LEFT - RIGHT) * times) / most
  const y = (ms: number) => {
    const part = Math.log10(Math.min(HIGH, Math.max(LOW, ms)) / LOW) / Math.log10(HIGH / LOW)
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part
  }
  const { nodes, replicas } = plans.cells.shape
  const title = `Waits by load: ${nodes} cells of ${replicas} replicas and one PostgreSQL`
  const grid = [1, 10, 100, 1_000].map(
    (ms) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(ms).toFixed(1)}" y2="${y(ms).toFixed(1)}" stroke="#ddd"/>` +
      `<text x="${LEFT - 8}" y="${(y(ms) + 4).toFixed(1)}" text-anchor="end">${ms} ms</text>`,
  )
  const steps = sweep.map(
    ({ times }) =>
      `<text x="${x(times).toFixed(1)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${times} x</text>`,
  )
  const peak = x(demand.peak).toFixed(1)
  const drawn = lines.map(({ name, color, of, at }, n) => {
    const points = sweep.map(({ times, behaviour }) => {
      const ms = behaviour.isSteady ? behaviour[of][at] : HIGH
      return `${x(times).toFixed(1)},${y(ms).toFixed(1)}`
    })
    const key = TOP + 20 + n * 20
    return (
      `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>` +
      `<text x="${WIDTH - RIGHT + 12}" y="${key}" fill="${color}">${name}</text>`
    )
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="24" font-weight="bold">${title}</text>`,
    ...grid,
    `<line x1="${peak}" x2="${peak}" y1="${TOP}" y2="${HEIGHT - BOTTOM}" stroke="#999" stroke-dasharray="4 4"/>`,
    `<text x="${peak}" y="${TOP - 6}" text-anchor="middle" fill="#777">the peak</text>`,
    ...steps,
    `<text x="${LEFT}" y="${HEIGHT - 16}" fill="#777">Load, as a multiple of a billion processes a day. At ${HIGH} ms: it does not keep up.</text>`,
    ...drawn,
    '</svg>',
  ].join('\n')
}

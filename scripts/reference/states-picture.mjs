/** @typedef {typeof import('../../packages/core/dist/index.js').arrows} Arrows */

const begin = '<!-- states: made from packages/core/src/states.ts by node scripts/generate-reference.mjs -->'
const end = '<!-- end of states -->'
const names = ['waiting', 'running', 'success', 'failed', 'cancelled']

/**
 * Puts the picture of the states into a page, between its two marks.
 *
 * @param {string} page
 * @param {Arrows} arrows
 * @returns {string} the page with the picture of now
 * @throws when the page has no marks
 */
export function withStates(page, arrows) {
  const [before, inner] = page.split(begin)
  const after = inner?.split(end)[1]
  if (after === undefined) throw new Error(`docs/reference/database.md has no place for the states: ${begin} … ${end}`)
  return `${before}${begin}\n\n\`\`\`mermaid\n${statesPicture(arrows)}\n\`\`\`\n\n${end}${after}`
}

/** @param {Arrows} arrows */
function statesPicture(arrows) {
  /** @type {Map<string, string[]>} */
  const events = new Map()
  for (const { event, from, to } of arrows) {
    const line = `${from === undefined ? '[*]' : names[from]} --> ${names[to]}`
    events.set(line, [...(events.get(line) ?? []), event])
  }
  const ends = names.filter((_, state) => !arrows.some(({ from }) => from === state))
  const lines = [...events].map(([line, all]) => `${line}: ${all.join(', ')}`)
  return ['stateDiagram-v2', ...[...lines, ...ends.map((name) => `${name} --> [*]`)].map((line) => `  ${line}`)].join(
    '\n',
  )
}

import { pictureOf } from './picture.js'
import { sectionsOf } from './report.js'
import type { Study } from './study.js'

export const PAGE = 'docs/scaling.md'
export const PICTURE = 'docs/pictures/scaling.svg'

/** The page with all that is computed in its places, as `<!-- computed: NAME -->` and `<!-- end -->` mark them. */
export function pageWith(page: string, study: Study): string {
  let result = page
  for (const [name, text] of Object.entries(sectionsOf(study))) {
    const begin = `<!-- computed: ${name} -->`
    const from = result.indexOf(begin)
    const to = result.indexOf('<!-- end -->', from)
    if (from < 0 || to < 0) throw new Error(`${PAGE} has no place for ${name}: ${begin} and <!-- end -->`)
    result = `${result.slice(0, from + begin.length)}\n\n${text}\n\n${result.slice(to)}`
  }
  return result
}

export const pictureWith = (study: Study): string => `${pictureOf(study)}\n`

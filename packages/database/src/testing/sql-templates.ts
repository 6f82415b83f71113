/** The text of one template that is tagged `sql`, with its values as they stand in the source: `${colony}`. */
export interface SqlTemplate {
  text: string
}

/** Every such template of a source file, each with what is spliced into it left out as `${…}`: that is one of its own. */
export function sqlTemplates(source: string): SqlTemplate[] {
  const found: SqlTemplate[] = []
  for (let at = source.indexOf('sql`'); at >= 0; at = source.indexOf('sql`', at)) {
    const { text, end } = readTemplate(source, at + 4, found)
    found.push({ text })
    at = end
  }
  return found
}

interface Part {
  text: string
  /** Where the source goes on. */
  end: number
}

/** @param from behind the backtick */
function readTemplate(source: string, from: number, found: SqlTemplate[]): Part {
  let text = ''
  for (let at = from; at < source.length; ) {
    if (source[at] === '`') return { text, end: at + 1 }
    if (source.startsWith('${', at)) {
      const value = readValue(source, at + 2, found)
      text += `\${${value.text}}`
      at = value.end
    } else {
      const length = source[at] === '\\' ? 2 : 1
      text += source.slice(at, at + length)
      at += length
    }
  }
  throw new Error('A template has no end.')
}

/** @param from behind the opening brace */
function readValue(source: string, from: number, found: SqlTemplate[]): Part {
  let text = ''
  let depth = 1
  for (let at = from; at < source.length; ) {
    const sign = source[at]
    if (sign === '`') {
      const inner = readTemplate(source, at + 1, found)
      if (source.slice(at - 3, at) === 'sql') found.push({ text: inner.text })
      text += '…'
      at = inner.end
      continue
    }
    if (sign === '{') depth += 1
    if (sign === '}') depth -= 1
    if (depth === 0) return { text, end: at + 1 }
    const end = sign === "'" ? source.indexOf("'", at + 1) + 1 : at + 1
    text += source.slice(at, end)
    at = end
  }
  throw new Error('A value in a template has no end.')
}

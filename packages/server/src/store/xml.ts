import { S3Error } from './s3-errors.js'

/** An element's content: text, elements by name, a list for an element that repeats, or nothing. */
export type XmlContent = string | number | boolean | undefined | { [name: string]: XmlContent | XmlContent[] }

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'

/** Writes a document of the S3 namespace. */
export function writeXml(name: string, content: XmlContent, { namespace = NAMESPACE } = {}): string {
  const attribute = namespace === '' ? '' : ` xmlns="${namespace}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name}${attribute}>${inner(content)}</${name}>`
}

function inner(content: XmlContent): string {
  if (content === undefined) return ''
  if (typeof content !== 'object') return escaped(String(content))
  return Object.entries(content)
    .flatMap(([name, value]) => (Array.isArray(value) ? value.map((one) => element(name, one)) : element(name, value)))
    .join('')
}

function element(name: string, content: XmlContent): string {
  return content === undefined ? '' : `<${name}>${inner(content)}</${name}>`
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' }

function escaped(text: string): string {
  return text.replace(/[&<>"\r]/g, (char) => escapes[char] ?? char)
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/**
 * Texts of the fields of each element of that name, in their order. Enough for the two flat lists that clients send; what
 * XML allows beside elements and texts is refused.
 */
export function readXmlList(xml: string, name: string): Map<string, string>[] {
  if (/<!|<\?(?!xml)/.test(xml)) throw new S3Error('MalformedXML', 'Only elements and texts are understood')
  const elements = [...contents(xml, name)]
  return elements.map(
    (content) =>
      new Map(
        [...content.matchAll(/<(\w+)>([^<]*)<\/\1>/g)].map(([, field = '', text = '']) => [field, unescaped(text)]),
      ),
  )
}

/** What stands between each start and the end that follows it. Not by one expression: with no end, it would look for it at each start. */
function* contents(xml: string, name: string): Generator<string> {
  const starts = new RegExp(`<${name}(?:\\s[^<>]*)?>`, 'g')
  for (let start = starts.exec(xml); start; start = starts.exec(xml)) {
    const end = xml.indexOf(`</${name}>`, starts.lastIndex)
    if (end < 0) throw new S3Error('MalformedXML', `An element ${name} has no end`)
    yield xml.slice(starts.lastIndex, end)
    starts.lastIndex = end
  }
}

function unescaped(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));/g, (whole, decimal, hex, named) => {
    if (named) return entities[named as string] ?? whole
    const code = decimal ? Number(decimal) : Number.parseInt(hex as string, 16)
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

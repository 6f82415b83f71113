import { ColoniesError, limits } from '@colonies/protocol'
import { hasControlCharacters } from './names.js'

/**
 * A label as it is kept: one slash in front and between, none at the end; `/` for the root. Clients write `data`,
 * `/data/` and `//data` for `/data`.
 */
export function normaliseFileLabel(label: string): string {
  return `/${label.split('/').filter(Boolean).join('/')}`
}

/**
 * Checks the label of a file that is added. Clients make paths of it, so nothing in it may lead out of their folder.
 *
 * @returns the label as it is kept
 * @throws ColoniesError `bad_request`
 */
export function checkFileLabel(label: string, field: string): string {
  const kept = normaliseFileLabel(label)
  checkPath(kept, field)
  if (bytesOf(kept) > limits.fileLabelBytesMax)
    throw new ColoniesError('bad_request', `${field} must have at most ${limits.fileLabelBytesMax} bytes`)
  const segment = kept.split('/').find((one) => one === '.' || one === '..')
  if (segment !== undefined)
    throw new ColoniesError('bad_request', `${field} must be a path without "${segment}": ${JSON.stringify(kept)}`)
  return kept
}

/** Checks the name of a file within its label. @throws ColoniesError `bad_request` */
export function checkFileName(name: string, field: string): void {
  if (name === '' || name === '.' || name === '..')
    throw new ColoniesError('bad_request', `${field} must be the name of a file, got ${JSON.stringify(name)}`)
  checkPath(name, field)
  if (name.includes('/'))
    throw new ColoniesError('bad_request', `${field} must not contain a slash: put the path into the label`)
  if (bytesOf(name) > limits.fileNameBytesMax)
    throw new ColoniesError('bad_request', `${field} must have at most ${limits.fileNameBytesMax} bytes`)
}

function checkPath(text: string, field: string): void {
  if (hasControlCharacters(text)) throw new ColoniesError('bad_request', `${field} must not contain control characters`)
  // It separates folders for some clients, and is a letter for others.
  if (text.includes('\\')) throw new ColoniesError('bad_request', `${field} must not contain a backslash`)
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length

/** Labels from `low` up to, and without, `high`, in the order of their code points; and one more, before them. */
export interface LabelRange {
  readonly own: string | undefined
  readonly low: string
  readonly high: string
}

/** A label and all below it: `/a` and `/a/b`, not `/ab`. */
export function labelsBelow(label: string): LabelRange {
  const root = normaliseFileLabel(label)
  // `0` is the character after the slash.
  return root === '/' ? { own: undefined, low: '/', high: '0' } : { own: root, low: `${root}/`, high: `${root}0` }
}

/** Labels that begin with a text, a slash in front of it or not: `/a`, `/a/b` and `/ab` for `a`. */
export function labelsWithPrefix(prefix: string): LabelRange {
  const low = keptPrefix(prefix)
  // No text sorts after the last code point; it is no character, so no label has it.
  return { own: undefined, low, high: `${low}\u{10ffff}` }
}

const keptPrefix = (prefix: string): string => `/${prefix.replace(/\/{2,}/g, '/').replace(/^\//, '')}`

/**
 * How a label is called in the answer to somebody who asked for `asked`: clients cut off what they asked for and take the
 * rest as a path. So `data/x` for those who asked for `data`, and `//x` for those who asked for `/`, which is how the
 * original's own client calls what lies below it.
 */
export function labelAsAsked(label: string, asked: string, exact: boolean): string {
  if (asked === '') return label
  if (!exact) return asked + label.slice(keptPrefix(asked).length)
  const root = normaliseFileLabel(asked)
  if (root === '/') return label === '/' ? '/' : `/${label}`
  return asked.replace(/\/+$/, '') + label.slice(root.length)
}

/** Where an S3 service is: the Go SDK writes `host:port` and port -1, the others host and port apart. */
export function s3Endpoint({ server, port, tls }: { server: string; port: number; tls: boolean }): {
  server: string
  port: number
} {
  if (server === '' || port > 0) return { server, port: Math.max(0, port) }
  const [, host, digits] = /^(.+):(\d{1,5})$/.exec(server) ?? []
  // An address of IPv6 has colons of its own; with a port it stands in brackets.
  if (host !== undefined && (!host.includes(':') || host.endsWith(']') || host.includes('://')))
    return { server: host, port: Number(digits) }
  return { server, port: tls ? 443 : 80 }
}

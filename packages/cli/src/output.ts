import { formatJson } from './format-json.js'
import type { Io } from './io.js'
import { type Colour, colours, type Style } from './table.js'
import type { View } from './view.js'

export const formats = ['table', 'json', 'yaml', 'id'] as const
export type Format = (typeof formats)[number]

/** Where nothing tells how wide lines may be. */
const defaultWidth = 100

/** Prints results on standard output; everything else goes to standard error. */
export class Output {
  readonly format: Format
  readonly #io: Io

  constructor(io: Io, format: Format) {
    this.#io = io
    this.format = format
  }

  async show(view: View): Promise<void> {
    this.#io.stdout.write(await this.#render(view))
    if (view.note !== undefined) this.say(view.note)
  }

  /** A part of the result that cannot wait for the rest. */
  write(text: string): void {
    this.#io.stdout.write(text)
  }

  /** Tells people how it goes; programs hear of it only in the result. */
  say(sentence: string): void {
    if (this.format === 'table') this.#io.stderr.write(`${sentence}\n`)
  }

  /** Tells whoever reads standard error. */
  warn(sentence: string): void {
    this.#io.stderr.write(`${sentence}\n`)
  }

  async #render(view: View): Promise<string> {
    switch (this.format) {
      case 'json':
        return `${formatJson(view.data)}\n`
      case 'yaml': {
        const { stringify } = await import('yaml') // takes a while to load, and is rarely asked for
        return stringify(view.data, { lineWidth: 0, aliasDuplicateObjects: false })
      }
      case 'id':
        return view.ids.map((id) => `${id}\n`).join('')
      case 'table':
        return view.text(this.style)
    }
  }

  get style(): Style {
    const { stdout, env } = this.#io
    const coloured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
    return {
      width: stdout.columns ?? defaultWidth,
      ascii: env.COLONIES_CLI_ASCII === 'true',
      paint: (text: string, colour: Colour | undefined) =>
        coloured && colour && text !== '' ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text,
    }
  }
}

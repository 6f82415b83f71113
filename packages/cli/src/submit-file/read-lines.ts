export interface Line {
  /** From 1. */
  readonly number: number
  /** Undefined for a line that is too long to be kept. */
  readonly text: string | undefined
}

/**
 * Cuts text that comes in pieces into lines; blank ones are left out, but counted.
 *
 * @param charactersMax of one line: of longer ones, nothing is kept
 */
export async function* readLines(
  pieces: AsyncIterable<string>,
  charactersMax: number,
): AsyncGenerator<Line, void, undefined> {
  let number = 0
  let begun: string | undefined = ''
  const longer = (part: string) =>
    begun === undefined || begun.length + part.length > charactersMax ? undefined : begun + part
  for await (const piece of pieces) {
    let from = 0
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      const text = longer(piece.slice(from, end))
      number += 1
      if (!isBlank(text)) yield { number, text }
      begun = ''
      from = end + 1
    }
    begun = longer(piece.slice(from))
  }
  if (!isBlank(begun)) yield { number: number + 1, text: begun }
}

/** What editors on Windows write in front of a file counts as blank, too. */
function isBlank(text: string | undefined): boolean {
  return text !== undefined && text.trim() === ''
}

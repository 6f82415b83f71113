/** Characters of a payload from which on a reply is made in pieces. */
const LARGE = 16 * 1024
/** Bytes that become base64 at once; a multiple of three, so that only the last piece has padding. */
const PIECE_BYTES = 12 * 1024

/** Enough for 100 processes without large texts. */
const DESK_BYTES = 1024 * 1024
/**
 * Of memory that is used again: for bodies that fill at least half of it. Callers that take their replies slowly hold it, and
 * the bound on these counts what they are sent.
 */
const SPARE_BYTES = 256 * 1024
const SPARE_MAX = 32

const TAIL = '","error":false}'

/**
 * The envelope of a reply, around its payload in base64.
 *
 * @param head all that stands before the payload
 */
export function replyText(head: string, payload: string): string {
  return head + Buffer.from(payload, 'utf8').toString('base64') + TAIL
}

/**
 * The same, as bytes where the payload is large. As a string it would be copied whole four times until it is sent, each time to
 * memory that is new to the process: that took longer than all else that is done for a list of 100 processes.
 *
 * @param payload as one text, or in pieces
 */
export function replyBody(head: string, payload: string | readonly string[]): string | Uint8Array {
  const pieces = typeof payload === 'string' ? [payload] : payload
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (length < LARGE) return replyText(head, pieces.join(''))
  const { bytes, count } = written(pieces, length)
  const body = spareBuffer(head.length + Math.ceil(count / 3) * 4 + TAIL.length)
  let end = body.write(head, 'latin1')
  for (let from = 0; from < count; from += PIECE_BYTES)
    end += body.write(bytes.toString('base64', from, Math.min(count, from + PIECE_BYTES)), end, 'latin1')
  body.write(TAIL, end, 'latin1')
  return body
}

/** The system has taken all of a body: its memory is for the next one. Nobody may read it any more. */
export function reuseBody(body: string | Uint8Array): void {
  if (typeof body !== 'string' && body.buffer.byteLength === SPARE_BYTES && spare.length < SPARE_MAX)
    spare.push(body.buffer)
}

/** Memory of bodies that were sent. Were it new for each of them, the collector of garbage would work all the time. */
const spare: ArrayBufferLike[] = []

function spareBuffer(length: number): Buffer {
  if (length > SPARE_BYTES || length < SPARE_BYTES / 2) return Buffer.allocUnsafeSlow(length)
  return Buffer.from(spare.pop() ?? Buffer.allocUnsafeSlow(SPARE_BYTES).buffer, 0, length)
}

/** For payloads until they are base64, one after the other. */
const desk = Buffer.allocUnsafeSlow(DESK_BYTES)

/** @param length characters, each of which is three bytes at most @returns what is overwritten by the next call, and how many bytes of it count */
function written(pieces: readonly string[], length: number): { bytes: Buffer; count: number } {
  const fits = length * 3 <= desk.length
  const bytes = fits ? desk : Buffer.allocUnsafe(pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0))
  let count = 0
  for (const piece of pieces) count += bytes.write(piece, count, 'utf8')
  return { bytes, count }
}

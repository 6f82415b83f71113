/** Characters of a payload from which on a reply is made in pieces. */
const LARGE = 16 * 1024
/** Bytes that become base64 at once; a multiple of three, so that only the last piece has padding. */
const PIECE_BYTES = 12 * 1024

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
 */
export function replyBody(head: string, payload: string): string | Uint8Array {
  if (payload.length < LARGE) return replyText(head, payload)
  const bytes = Buffer.from(payload, 'utf8')
  const body = Buffer.allocUnsafe(head.length + Math.ceil(bytes.length / 3) * 4 + TAIL.length)
  let end = body.write(head, 'latin1')
  for (let from = 0; from < bytes.length; from += PIECE_BYTES)
    end += body.write(bytes.toString('base64', from, from + PIECE_BYTES), end, 'latin1')
  body.write(TAIL, end, 'latin1')
  return body
}

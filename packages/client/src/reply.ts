import { decodeBase64, readRefusal, readReply } from '@colonies/protocol'
import { refusalError } from './errors.js'

/**
 * Takes a reply out of its envelope.
 *
 * @returns the payload, JSON as text
 * @throws ClientError for a refusal, anything else when the text is no reply
 */
export function openReply(text: string, retryAfterMs?: number): string {
  const reply = readReply(text)
  const payload = decodeBase64(reply.payload)
  if (!reply.error) return payload
  const refusal = readRefusal(payload)
  throw refusalError(refusal.message, { ...refusal, retryAfterMs })
}

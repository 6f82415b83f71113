import { ClientError, ConnectionError, DeniedError, NotFoundError } from '@colonies/client'
import { CommanderError } from 'commander'
import { errorName, exitCodeOf, StoppedError, UsageError } from './exit-codes.js'
import type { Format } from './output.js'
import type { Session } from './session.js'

/** What standard error says about whatever a command threw: a sentence or two, or the same as JSON. Never a stack. */
export function describeFailure(error: unknown, format: Format, session: Session | undefined): string {
  const message = sentenceOf(error, session)
  if (format !== 'json') return `${message}\n`
  const reason = error instanceof StoppedError ? error.cause : error
  const status = reason instanceof ClientError ? reason.status : 0
  return `${JSON.stringify({ error: { code: errorName(error), status, exitcode: exitCodeOf(error), message } })}\n`
}

function sentenceOf(error: unknown, session: Session | undefined): string {
  if (error instanceof StoppedError) return `${sentenceOf(error.cause, session)} ${error.message}`
  // Ours begin with a capital, or with the name of a file, which stays as it is.
  const message = ended(error instanceof UsageError ? error.message : capital(messageOf(error)))
  if (error instanceof ConnectionError) {
    const origin = session?.settings.endpoints.origin
    const address = origin === 'default' ? 'That is the default' : `That address comes from ${origin}`
    return `${message} ${address}: ${connectionHint(error)}.`
  }
  if (error instanceof DeniedError && session?.usedKey) {
    const { colony } = session.settings
    const where = colony && /colony/i.test(message) ? `, and the colony ${colony.value} is from ${colony.origin}` : ''
    return `${message} The key it was signed with is from ${session.usedKey}${where}; \`colonies config view\` shows all.`
  }
  // Where a colon says why, whoever reads it knows what to do.
  if (error instanceof NotFoundError && session?.listing && !message.includes(':'))
    return `${message} \`${session.listing}\` lists what there is.`
  return message
}

const nobodyThere = 'start a server there with `npm start`, or name another with --server or COLONIES_SERVER_HOST'

/** What Node calls certificates that it does not trust. */
const distrusted = /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_)/

/** @returns what to do; a server that answers in another way than expected needs no start */
function connectionHint(error: Error): string {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : ''
    if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') return 'that server does no TLS, so write http:// or give --insecure'
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'its certificate is for another name, so ask for that one'
    if (distrusted.test(code)) {
      return 'name the file of its authority in NODE_EXTRA_CA_CERTS, or give --skip-tls-verify to trust any certificate'
    }
    if (code === 'UND_ERR_SOCKET')
      return 'something is there that hung up; a server with TLS is asked with https:// or --tls'
  }
  return nobodyThere
}

function messageOf(error: unknown): string {
  // commander writes "error: " in front, and suggestions on a line of their own.
  if (error instanceof CommanderError) {
    const sentence = error.message.replace(/^error: /, '').replace(/\n/g, ' ')
    const isLost = /^unknown (command|option)/.test(sentence) && !/[.)]$/.test(sentence)
    return isLost ? `${sentence}: --help behind the command lists what there is` : sentence
  }
  if (error instanceof Error) return error.message
  return String(error)
}

/** Paths, addresses and names of fields stay as they are. */
function capital(message: string): string {
  return /^[a-z]+,? /.test(message) ? message.charAt(0).toUpperCase() + message.slice(1) : message
}

function ended(message: string): string {
  const sentence = message.trim()
  return /[.!?)]$/.test(sentence) ? sentence : `${sentence}.`
}

import { ColoniesError, limits } from '@colonies/protocol'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/

/**
 * Checks the name of something that is addressed by it.
 *
 * @throws ColoniesError `bad_request`: empty, too long, with a colon, a control character, or blanks around it
 */
export function checkName(value: string, field: string): void {
  if (value === '') throw new ColoniesError('bad_request', `${field} must not be empty`)
  checkLabel(value, field)
  if (value.includes(':'))
    throw new ColoniesError('bad_request', `${field} must not contain a colon: ${JSON.stringify(value)}`)
  if (value !== value.trim()) throw new ColoniesError('bad_request', `${field} must not begin or end with a blank`)
}

export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text)
}

/** Checks a text that is only compared, and may be empty. @throws ColoniesError `bad_request` */
export function checkLabel(value: string, field: string): void {
  if (value.length > limits.nameLengthMax)
    throw new ColoniesError(
      'bad_request',
      `${field} must have at most ${limits.nameLengthMax} characters, has ${value.length}`,
    )
  if (hasControlCharacters(value))
    throw new ColoniesError('bad_request', `${field} must not contain control characters`)
}

/** Checks an identity or other id. @throws ColoniesError `bad_request` */
export function checkId(value: string, field: string): void {
  if (!/^[0-9a-f]{64}$/.test(value))
    throw new ColoniesError(
      'bad_request',
      `${field} must be 64 lower-case hex digits, such as \`colonies key id\` prints`,
    )
}

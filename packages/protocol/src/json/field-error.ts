/** Characters of one key that a path shows. */
const keyLengthMax = 60

/**
 * A value that does not fit its schema. It is thrown without a path; each container adds its own part while the error passes
 * through, so that nothing is spent on paths while all is well.
 */
export class FieldError extends Error {
  private path = ''

  /** @param finding what is wrong, to stand behind the path: `must be a list, got an object` */
  constructor(finding: string) {
    super(finding)
    this.name = 'FieldError'
  }

  /** Puts the key or index before the path of a FieldError; leaves other errors as they are. @returns the error */
  static within(segment: string | number, error: unknown): unknown {
    if (error instanceof FieldError) error.prepend(shown(segment))
    return error
  }

  /** Does some work; turns a FieldError into a TypeError, for mistakes of the calling program. */
  static asTypeError<Result>(subject: string, work: () => Result): Result {
    try {
      return work()
    } catch (error) {
      throw error instanceof FieldError ? new TypeError(error.sentence(subject), { cause: error }) : error
    }
  }

  private prepend(segment: string): void {
    this.path = segment + this.path
  }

  /** @param subject what to call the value at the top */
  sentence(subject: string): string {
    return `${this.path.replace(/^\./, '') || subject} ${this.message}`
  }
}

function shown(segment: string | number): string {
  if (typeof segment === 'number') return `[${segment}]`
  if (/^[A-Za-z_][\w-]*$/.test(segment) && segment.length <= keyLengthMax) return `.${segment}`
  return `[${JSON.stringify(segment.slice(0, keyLengthMax))}]`
}

declare module 'pg/lib/utils.js' {
  const utils: {
    /** How the driver writes a value that is no text yet: bytes as they are, arrays in PostgreSQL's text form. */
    prepareValue(value: unknown): string | Uint8Array | null
  }
  export = utils
}

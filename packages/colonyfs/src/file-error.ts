/** A file could not be moved, and the sentence says which, why and what helps. */
export class FileError extends Error {
  override name = 'FileError'
}

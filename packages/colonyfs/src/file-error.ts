/** A file could not be moved, and the sentence says which, why and what helps. */
export class FileError extends Error {
  override name = 'FileError'
}

/** What Node says of files of this machine, for people. */
const sentences: Readonly<Record<string, string>> = {
  EACCES: 'this account may not do that here; change the permissions of the file or its folder',
  EPERM: 'this account may not do that here; change the permissions of the file or its folder',
  EROFS: 'nothing can be written there; choose another folder',
  ENOSPC: 'the disk is full; make room, then do it again',
  EDQUOT: 'your share of the disk is used up; make room, then do it again',
  EISDIR: 'a folder has this name here; move it away',
  ENOTEMPTY: 'a folder has this name here; move it away',
  ENOTDIR: 'a file stands where a folder has to be; move it away',
  EEXIST: 'a file stands where a folder has to be; move it away',
  ENOENT: 'there is no such file here',
  ENAMETOOLONG: 'the name is too long for this system',
  EIO: 'the disk cannot read or write it',
}

/** Failures of files of this machine as FileError; others as they are. @param path what it was about */
export function explained(error: unknown, path: string): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const sentence = 'code' in error && 'syscall' in error ? sentences[String(error.code)] : undefined
  return sentence && 'code' in error ? new FileError(`${path}: ${sentence} (${error.code})`, { cause: error }) : error
}

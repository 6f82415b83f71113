import { createHash, randomFillSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

export interface TreeShape {
  files: number
  /** Of all files together. */
  bytes: number
  /** Sizes of files that stand out. */
  large: readonly number[]
}

const PIECE_BYTES = 4 * 1024 * 1024
/** Names that have led somebody astray: blanks, signs of URLs and of shells, other scripts, combining characters. */
const NAMES = ['plain', 'with blank', 'ünï-cödé', '日本語', 'a+b%20c', 'e\u0301clair', '#hash&query=?', "quote'$HOME"]

/** Writes a tree: folders in folders, a file in fifty empty, the rest from one byte to twice the mean, and the large ones. */
export async function makeTree(root: string, { files, bytes, large }: TreeShape): Promise<void> {
  const noise = randomFillSync(Buffer.alloc(PIECE_BYTES))
  const small = files - large.length
  const mean = (bytes - large.reduce((sum, size) => sum + size, 0)) / (small * 0.98)
  for (let index = 0; index < files; index++) {
    const size = large[index] ?? (index % 50 === 49 ? 0 : 1 + Math.floor((2 * mean * (index % 97)) / 97))
    const name = NAMES[index % NAMES.length] ?? ''
    const folder = `f${index % 7}/${NAMES[(index >> 3) % NAMES.length]}/deep/${index % 3}`.split('/', 1 + (index % 4))
    const path = join(root, ...folder, `${name}-${index}.bin`)
    await mkdir(dirname(path), { recursive: true })
    await writeNoise(path, size, noise)
  }
}

/** No two files are alike, so one in the place of another is noticed. */
async function writeNoise(path: string, size: number, noise: Buffer): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (let at = 0; at < size; at += noise.length) {
      randomFillSync(noise, 0, 64)
      await file.write(noise, 0, Math.min(noise.length, size - at))
    }
  } finally {
    await file.close()
  }
}

/** SHA-256 of each file by path, and sizes; files of ours, such as `.cfs`, are left out. */
export async function digestTree(root: string): Promise<Map<string, string>> {
  const digests = new Map<string, string>()
  for (const path of await filesOf(root)) {
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
    digests.set(relative(root, path), hash.digest('hex'))
  }
  return digests
}

/** Bytes of all files, also of those that are being written. */
export async function bytesOf(root: string): Promise<number> {
  let bytes = 0
  for (const path of await filesOf(root)) bytes += (await stat(path).catch(() => ({ size: 0 }))).size // renamed since
  return bytes
}

async function filesOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && entry.name !== '.cfs')
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

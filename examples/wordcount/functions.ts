import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Context, defineFunction, type ExecutorFunction } from '@colonies/executor'
import { asUniq, type Counts, countWords, merge } from './words.js'

/** What a worker may take: when its executor dies, another one gets the chunk after this time. */
const CHUNK_SECONDS = 5

/**
 * Cuts the files below a folder into chunks and adds a worker for each, between this node and the reduce node.
 *
 * An executor that gets this process after another one died with it finds the workers that were added already among the
 * children, and adds only the missing ones.
 */
const map = defineFunction(
  {
    name: 'map',
    description: 'Adds a worker for each chunk of the *.md files below a folder.',
    args: [
      { name: 'folder', type: 'string' },
      { name: 'chunkBytes', type: 'number' },
    ],
  },
  async (context, folder, chunkBytes) => {
    const chunks = await chunksBelow(String(folder), Number(chunkBytes))
    const { reduceId, added } = await childrenOf(context)
    for (const [index, files] of chunks.entries()) {
      const nodename = `count-${index}`
      if (added.has(nodename)) continue
      const spec = {
        nodename,
        funcname: 'count',
        args: files,
        maxexectime: CHUNK_SECONDS,
        maxretries: 20,
        conditions: context.process.spec.conditions,
      }
      await context.addChild(spec, { childprocessid: reduceId })
    }
    await context.log(`${chunks.length} chunks of ${chunks.flat().length} files`)
  },
)

const count = defineFunction(
  { name: 'count', description: 'Counts the words of some files.' },
  async ({ args, signal }) => {
    const counts = new Map<string, number>()
    for (const file of args) {
      signal.throwIfAborted()
      countWords(await readFile(String(file), 'latin1'), counts)
    }
    return [Object.fromEntries(counts)]
  },
)

const reduce = defineFunction({ name: 'reduce', description: 'Merges the counts of all workers.' }, ({ input }) => [
  asUniq(merge(input as Counts[])),
])

export const wordcountFunctions: ExecutorFunction[] = [map, count, reduce]

async function childrenOf({ process, client }: Context): Promise<{ reduceId: string; added: Set<string> }> {
  const children = await Promise.all(process.children.map((processid) => client.getProcess({ processid })))
  const reduceNode = children.find((child) => child.spec.funcname === 'reduce')
  if (!reduceNode) throw new Error('the workflow needs a node with the function reduce that depends on map')
  return { reduceId: reduceNode.processid, added: new Set(children.map((child) => child.spec.nodename)) }
}

/** All *.md files below a folder, links not followed, in chunks of about so many bytes; always the same ones. */
async function chunksBelow(folder: string, chunkBytes: number): Promise<string[][]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort()
  const chunks: string[][] = []
  let room = 0
  for (const file of files) {
    if (room <= 0) {
      chunks.push([])
      room = chunkBytes
    }
    chunks.at(-1)?.push(file)
    room -= (await stat(file)).size
  }
  return chunks
}

import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { Page } from './listener.js'

const types: { readonly [extension: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** A page that is one file, read each time; 404 while it is not there. */
export function filePage(file: string): Page {
  return async () => {
    const body = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    return body && { status: 200, body, type: types[extname(file)] ?? 'application/octet-stream' }
  }
}

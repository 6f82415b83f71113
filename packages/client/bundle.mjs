// Makes dist/colonies.browser.js: client, workflows and executors as one module for browsers. Run after `tsc --build`.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))

const { outputFiles } = await build({
  stdin: {
    contents: `
      export * from '@colonies/client'
      export * from '@colonies/executor'
      export { generatePrivateKey, identityOf } from '@colonies/identity'
      export { State } from '@colonies/protocol'`,
    resolveDir: here,
  },
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  // With this platform an import of anything from Node is an error.
  platform: 'browser',
  write: false,
})
const [bundle] = outputFiles
writeFileSync(`${here}dist/colonies.browser.js`, bundle.contents)
const gzipped = gzipSync(bundle.contents).length
process.stdout.write(`dist/colonies.browser.js: ${bundle.contents.length} bytes, ${gzipped} gzipped\n`)

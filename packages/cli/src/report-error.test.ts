import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionError } from '@colonies/client'
import { UsageError } from './exit-codes.js'
import { describeFailure } from './report-error.js'

const unanswered = (code: string) =>
  describeFailure(
    new ConnectionError('https://there/api did not answer', {
      cause: new TypeError('fetch failed', { cause: Object.assign(new Error('why'), { code }) }),
    }),
    'table',
    undefined,
  )

test('names of files keep their first letter', () => {
  const said = describeFailure(new UsageError('notes cannot be read: there is no such file'), 'table', undefined)
  assert.equal(said, 'notes cannot be read: there is no such file.\n')
  assert.equal(describeFailure(new Error('label is empty'), 'table', undefined), 'Label is empty.\n')
})

test('a server that does not answer is told from one that answers in another way', () => {
  const hints: readonly [code: string, hint: RegExp][] = [
    ['ECONNREFUSED', /start a server there with `npm start`/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS, or give --skip-tls-verify/],
    ['CERT_HAS_EXPIRED', /--skip-tls-verify/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /for another name/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /write http:\/\/ or give --insecure/],
    ['UND_ERR_SOCKET', /https:\/\/ or --tls/],
  ]
  for (const [code, hint] of hints) assert.match(unanswered(code), hint)
})

// The entry for Node: the same names as ../index.ts, with the curve and the hash in native code where that loads.
import type { Cryptography } from '../cryptography.js'
import { identityWith } from '../identity.js'
import { javascript } from '../javascript.js'
import { loadNative } from './native.js'

export type { Identity, Signer } from '../identity.js'
export { isId, newId } from '../new-id.js'
export { generatePrivateKey, isPrivateKey, PrivateKeyError } from '../private-key.js'
export { SignatureError } from '../signature.js'
export const { cryptography, identityOf, sign, createSigner, recoverIdentity, attributeId, hashText } = identityWith(
  chooseCryptography(),
)

function chooseCryptography(): Cryptography {
  if (process.env.COLONIES_CRYPTO === 'javascript') return javascript
  try {
    return loadNative()
  } catch {
    // No build for this platform. A client works on, only slower; a server reads `cryptography` and refuses to start.
    return javascript
  }
}

// The entry for browsers, and the types for all. Node enters at node/index.ts, which must export the same names.
import { identityWith } from './identity.js'
import { javascript } from './javascript.js'

export type { Identity, Signer } from './identity.js'
export { isId, newId } from './new-id.js'
export { generatePrivateKey, isPrivateKey, PrivateKeyError } from './private-key.js'
export { SignatureError } from './signature.js'
export const { cryptography, identityOf, sign, createSigner, recoverIdentity, attributeId, hashText } =
  identityWith(javascript)

import { compileDecoder, compileEncoder, Shape, Text } from '@colonies/protocol'
import type { WireOperation } from './wire-operation.js'

interface Codec {
  /** @throws TypeError naming the field that has the wrong type */
  encode(input: object): string
  /** @throws ColoniesError `bad_request` */
  decode(text: string): unknown
}

const codecs = new WeakMap<WireOperation, Codec>()

/** The codec of an operation, made when it is first used: a program uses few of them. */
export function codecOf(operation: WireOperation): Codec {
  const known = codecs.get(operation)
  if (known) return known
  const made = compileCodec(operation)
  codecs.set(operation, made)
  return made
}

function compileCodec({ payloadtype, input, output }: WireOperation): Codec {
  // Only the payload is signed, so it repeats the name of the operation.
  // The encoder checks what it is given; the types of inputs are kept by `Methods`.
  const encode = compileEncoder(Shape({ ...input.properties, msgtype: Text }), { json: 'value' }) as (
    input: object,
  ) => string
  return {
    encode: (value) => encode({ ...value, msgtype: payloadtype }),
    decode: compileDecoder(output, { json: 'value', subject: 'The reply' }),
  }
}

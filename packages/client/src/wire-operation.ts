import type { AnyOperation } from '@colonies/protocol'

/** What a client needs to know of an operation: all but how the server finds the colony. */
export type WireOperation = Omit<AnyOperation, 'colony'>

import type { Size } from '../row.js'

/** Of one turn of a row that counts what is done in it. */
export const turnSeconds = (size: Size): number => (size === 'short' ? 2 : 4)

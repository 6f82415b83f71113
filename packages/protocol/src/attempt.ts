import { Int32, optional } from './schema.js'

/** Ours: refused unless this is still the attempt that runs. 0: not checked. */
export const attempt = optional(Int32)

import type { Caller } from '../handler.js'

/** Who a process belongs to: the caller of a submit, or whoever made the cron or generator that submits. */
export type Initiator = Pick<Caller, 'id' | 'name' | 'kind'>

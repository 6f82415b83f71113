/** Something that works on a colony until it is told to stop. */
export interface Load {
  /** @returns when its last call has ended */
  stop(): Promise<void>
}

/** Something that must not be. */
export interface Fault {
  /** Of the twelve in ARCHITECTURE.md, "What always holds". */
  readonly invariant: number
  /** A sentence that names what it is about. */
  readonly says: string
  /** What shows it: records of calls, rows. */
  readonly evidence: readonly unknown[]
}

export const fault = (invariant: number, says: string, ...evidence: unknown[]): Fault => ({ invariant, says, evidence })

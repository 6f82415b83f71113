/** Milliseconds since the machine started: the same in all processes, and not moved when somebody sets a clock. */
export const nowMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000

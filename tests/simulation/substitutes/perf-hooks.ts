export const { performance } = globalThis

/** The event loop of a simulated replica is never late. */
export const monitorEventLoopDelay = () => ({ enable() {}, disable() {}, reset() {}, min: 0, max: 0, mean: 0 })

/** A second signal so soon is the first once more: npm hands on what the terminal has sent to everybody. */
const sameSignalMs = 300

/**
 * Ends the process in order when it is asked to: SIGTERM and SIGINT resolve `asked`; whoever asks again ends it at once.
 *
 * @returns also what takes the listeners away again
 */
export function untilSignal(onSecond: () => void): {
  asked: Promise<NodeJS.Signals>
  signal: AbortSignal
  forget(): void
} {
  const controller = new AbortController()
  let firstMs: number | undefined
  let tell: (signal: NodeJS.Signals) => void = () => {}
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    tell = resolve
  })
  const listen = (signal: NodeJS.Signals) => {
    if (firstMs === undefined) {
      firstMs = performance.now()
      controller.abort()
      tell(signal)
    } else if (performance.now() - firstMs > sameSignalMs) onSecond()
  }
  const signals = ['SIGTERM', 'SIGINT'] as const
  for (const signal of signals) process.on(signal, listen)
  return {
    asked,
    signal: controller.signal,
    forget() {
      for (const signal of signals) process.off(signal, listen)
    },
  }
}

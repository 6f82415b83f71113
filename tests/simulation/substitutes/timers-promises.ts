interface Options {
  signal?: AbortSignal
}

/** As of `node:timers/promises`, in the time of the simulated world. */
export function setTimeout<Value>(ms: number, value: Value, { signal }: Options = {}): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      globalThis.clearTimeout(timer)
      reject(new DOMException('The operation was aborted', 'AbortError'))
    }
    const timer = globalThis.setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve(value)
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}

export function setImmediate<Value>(value: Value): Promise<Value> {
  return new Promise((resolve) => globalThis.setImmediate(resolve, value))
}

import { configFrom, startServer } from '@colonies/server'

/** A server as a process of its own, run with `--expose-gc`: tells its port, and its memory when asked. */
const server = await startServer(configFrom(process.env))
process.send?.({ port: server.port })
process.on('message', (message) => {
  if (message === 'memory') {
    globalThis.gc?.()
    const { heapUsed, external, rss } = process.memoryUsage()
    process.send?.({ heapBytes: heapUsed, externalBytes: external, rssBytes: rss })
  } else {
    void server.stop().then(() => process.disconnect())
  }
})

import type { ServerOptions } from '@colonies/server'
import type { AnswerRequest } from '../world/network.js'
import { acting } from '../world/stage.js'

interface ListenerOptions extends ServerOptions {
  answer: AnswerRequest
}

/** As of the server's `http/listener.js`: requests come by the simulated network. */
export async function listen({ answer }: ListenerOptions) {
  const { network, node } = acting()
  return { port: 80, stop: network.listen(node, answer) }
}

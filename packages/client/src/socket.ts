/** What is used of a WebSocket: the global one, or that of npm `ws`. */
export interface Socket {
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: object) => void): void
  send(text: string): void
  close(): void
}

export type WebSocketClass = new (url: string) => Socket

export type OpenSocket = (url: string) => Socket

export const colonyName = 'dev'

/** In the simulation, a private key is the id that belongs to it. */
export const keyOf = (name: string) => Buffer.from(name).toString('hex').padEnd(64, '0')

/** Lets milliseconds of the simulated world pass: they take no time. */
export const passTime = (ms: number) =>
  new Promise<void>((done) => {
    setTimeout(() => done(), ms)
  })

/** What clients give a server for its answer: less than the default, so that a history need not be long. */
export const timeoutMs = 3_000

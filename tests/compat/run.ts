import { spawn } from 'node:child_process'

export interface Ended {
  code: number
  /** Lines on stdout. */
  lines: string[]
  /** What it printed on stderr. */
  complaints: string
}

/**
 * Runs a program to its end, while this process goes on to serve it.
 *
 * @param env what the program sees beside PATH and the like
 */
export function run(command: string, parameters: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let complaints = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text
    })
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code: code ?? 1, lines: output.split('\n').filter((line) => line !== ''), complaints })
    })
  })
}

/** As `runWell`, for compilers: whoever else is at work goes first, as tests beside it have limits of time. */
export function compile(command: string, parameters: string[], env?: Record<string, string>): Promise<string[]> {
  return runWell('nice', ['-n', '19', command, ...parameters], env)
}

/** As `run`; what ends badly is an error that tells what it printed. */
export async function runWell(command: string, parameters: string[], env?: Record<string, string>): Promise<string[]> {
  const { code, lines, complaints } = await run(command, parameters, env)
  if (code !== 0)
    throw new Error(`${command} ${parameters.join(' ')} ended with ${code}\n${complaints}${lines.join('\n')}`)
  return lines
}

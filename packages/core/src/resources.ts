import { ColoniesError } from '@colonies/protocol'

/** What an executor without a limit has; fits every demand. */
export const UNLIMITED = 2n ** 63n - 1n

const MEBIBYTE = 2n ** 20n

const UNITS: { readonly [unit: string]: bigint } = {
  Ki: 2n ** 10n,
  KiB: 2n ** 10n,
  Mi: 2n ** 20n,
  MiB: 2n ** 20n,
  Gi: 2n ** 30n,
  GiB: 2n ** 30n,
  Ti: 2n ** 40n,
  TiB: 2n ** 40n,
  K: 1000n,
  KB: 1000n,
  Kb: 1000n,
  M: 1000n ** 2n,
  MB: 1000n ** 2n,
  Mb: 1000n ** 2n,
  G: 1000n ** 3n,
  GB: 1000n ** 3n,
  Gb: 1000n ** 3n,
  T: 1000n ** 4n,
  TB: 1000n ** 4n,
  Tb: 1000n ** 4n,
}

/**
 * Millicores of a demand such as `500m`; '' is none.
 *
 * @throws ColoniesError `bad_request` naming `field`: a number without its unit was read as nothing by the original
 */
export function parseCpu(text: string, field: string): bigint {
  if (text === '') return 0n
  const digits = /^(\d{1,15})m$/.exec(text)?.[1]
  if (digits === undefined)
    throw new ColoniesError('bad_request', `${field} must be millicores such as 500m, got ${JSON.stringify(text)}`)
  return BigInt(digits)
}

/**
 * Bytes of a size such as `10Gi`; '' is none. Ki, Mi, Gi, Ti (also with B) are powers of 1024; K, M, G, T of 1000.
 *
 * @throws ColoniesError `bad_request` naming `field`
 */
export function parseMemory(text: string, field: string): bigint {
  if (text === '') return 0n
  const [, digits, unit = ''] = /^(\d{1,18})([A-Za-z]+)$/.exec(text) ?? []
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined
  if (digits === undefined || factor === undefined)
    throw new ColoniesError('bad_request', `${field} must be a size such as 512Mi or 10Gi, got ${JSON.stringify(text)}`)
  const bytes = BigInt(digits) * factor
  if (bytes > UNLIMITED) throw new ColoniesError('bad_request', `${field} is too large: ${text}`)
  return bytes
}

/** Free millicores of an executor; '' is no limit. @throws ColoniesError `bad_request` */
export function parseFreeCpu(text: string): bigint {
  return text === '' ? UNLIMITED : parseCpu(text, 'availablecpu')
}

/** Free bytes of an executor; '' is no limit. @throws ColoniesError `bad_request` */
export function parseFreeMemory(text: string): bigint {
  return text === '' ? UNLIMITED : parseMemory(text, 'availablemem')
}

/** As replies have it: `500m`. */
export const writeCpu = (millicores: bigint): string => `${millicores}m`

/** As replies have it: whole mebibytes, rounded down. */
export const writeMemory = (bytes: bigint): string => `${bytes / MEBIBYTE}Mi`

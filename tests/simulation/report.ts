import type { Summary } from './crew.js'
import type { Verdict } from './simulate.js'

/** Of one history. */
export const faultsShown = 10

/** What a broken history is about, and the command that shows it again. */
export function reportOf({ seed, faults }: Verdict, fault?: string): string {
  const planted = fault === undefined ? '' : ` --fault ${fault}`
  return [
    `seed ${seed}`,
    ...faults.slice(0, faultsShown).map((one) => `  ${one}`),
    `  again, with all that happened: npm run simulate -- --seed ${seed}${planted}`,
  ].join('\n')
}

export function totalsOf({ histories, processes, events, seconds, broken }: Summary): string {
  const pace = `${seconds.toFixed(1)} s, ${Math.round((histories / seconds) * 60)} a minute`
  return `${histories} histories, ${processes} processes, ${events} events, ${pace}: ${broken.length} broken`
}

import { AttributeType, type State } from '@colonies/protocol'
import type { Colour } from './table.js'

/** The states of processes and workflows by their numbers. */
export const stateNames = ['waiting', 'running', 'success', 'failed', 'cancelled'] as const
export type StateName = (typeof stateNames)[number]

const colourOf: Record<StateName, Colour> = {
  waiting: 'blue',
  running: 'yellow',
  success: 'green',
  failed: 'red',
  cancelled: 'grey',
}

export function stateName(state: number): StateName {
  return stateNames[state] ?? 'waiting'
}

export function stateNumber(name: StateName): State {
  return stateNames.indexOf(name) as State
}

export function stateColour(state: number): Colour {
  return colourOf[stateName(state)]
}

export function attributeTypeName(type: number): string {
  return Object.keys(AttributeType)[type] ?? String(type)
}

import type { TestContext } from 'node:test'
import type { limits } from '@colonies/protocol'
import type { TestColony } from '@colonies/testkit'
import type { Scene } from '../access/scene.js'

export type Ask<Result> = (by: keyof Scene['keys'], payloadtype: string, payload: object) => Promise<Result>

export interface Bench extends Pick<TestColony, 'url' | 'db'> {
  t: TestContext
  scene: Scene
  /** Of the scene. */
  colonyname: string
  /** Asks for what has to be carried out. @returns the payload of the reply */
  allowed: Ask<unknown>
  /** Asks for what has to be refused. @returns status and sentence */
  refused: Ask<string>
}

/** What is just allowed, and what is one too much, by the name of a bound. */
export type Bounds = Record<keyof typeof limits, (bench: Bench) => Promise<void>>

export const many = <Item>(count: number, item: (place: number) => Item) =>
  Array.from({ length: count }, (_, place) => item(place))

import { type CharacterSet, PatternError, type PatternNode, type Place, parsePattern } from './pattern-syntax.js'

/** A state of the automaton, and the states that follow it. */
type State =
  | { readonly kind: 'character'; readonly set: CharacterSet; readonly next: number }
  | { readonly kind: 'place'; readonly place: Place; readonly next: number }
  | { readonly kind: 'fork'; readonly next: number; other: number }
  | { readonly kind: 'match' }

/** There is no character: before the first and behind the last. */
const none = -1

/**
 * A regular expression that is matched without ever going back: all states that it may be in are followed at once, so
 * that no pattern takes longer than its size times the length of the text.
 */
export class Pattern {
  readonly source: string
  readonly #states: State[] = [{ kind: 'match' }]
  readonly #statesMax: number
  readonly #start: number
  /** In which round a state was last reached. */
  readonly #reachedIn: Uint32Array
  #round = 0
  /** Parts of the tree put into states so far: an empty part that is repeated makes no state, but takes time. */
  #placed = 0

  /** @throws PatternError for what is no pattern, is one that is not supported, or needs more states than it may */
  constructor(source: string, statesMax = 10_000) {
    this.source = source
    this.#statesMax = statesMax
    this.#start = this.#place(parsePattern(source), 0)
    this.#reachedIn = new Uint32Array(this.#states.length)
  }

  /** How many states it has. */
  get size(): number {
    return this.#states.length
  }

  /**
   * Whether some part of the text matches.
   *
   * @param spend is told of each step, and may throw
   */
  test(text: string, spend: (steps: number) => void): boolean {
    let active: number[] = []
    let before = none
    this.#round++
    for (let at = 0; ; ) {
      const code = text.codePointAt(at) ?? none
      // A match may begin at any place.
      if (this.#follow(this.#start, { before, behind: code }, active, spend)) return true
      if (code === none) return false
      at += code > 0xffff ? 2 : 1
      const edge = { before: code, behind: text.codePointAt(at) ?? none }
      const next: number[] = []
      this.#round++
      spend(active.length + 1)
      for (const index of active) {
        const state = this.#states[index]
        if (state?.kind === 'character' && state.set.has(code) && this.#follow(state.next, edge, next, spend))
          return true
      }
      active = next
      before = code
    }
  }

  /** Adds the states that are reached without taking a character. @returns whether the end is one of them */
  #follow(start: number, edge: Edge, reached: number[], spend: (steps: number) => void): boolean {
    const open = [start]
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (this.#reachedIn[index] === this.#round) continue
      this.#reachedIn[index] = this.#round
      spend(1)
      const state = this.#states[index] as State
      if (state.kind === 'match') return true
      if (state.kind === 'character') reached.push(index)
      else if (state.kind === 'fork') open.push(state.other, state.next)
      else if (isAt(state.place, edge)) open.push(state.next)
    }
    return false
  }

  /** Puts a part of the tree before a state. @returns the state to begin with */
  #place(node: PatternNode, next: number): number {
    this.#placed++
    if (this.#placed > this.#statesMax || this.#states.length > this.#statesMax)
      throw new PatternError('is too large: repeat less, or shorter parts')
    switch (node.kind) {
      case 'character':
        return this.#add({ kind: 'character', set: node.set, next })
      case 'place':
        return this.#add({ kind: 'place', place: node.place, next })
      case 'sequence':
        return node.parts.reduceRight((following, part) => this.#place(part, following), next)
      case 'choice': {
        const [first, ...others] = node.options.map((option) => this.#place(option, next))
        return others.reduce((one, other) => this.#add({ kind: 'fork', next: one, other }), first ?? next)
      }
      case 'repeat':
        return this.#placeRepeat(node, next)
    }
  }

  #placeRepeat({ body, min, max }: PatternNode & { kind: 'repeat' }, next: number): number {
    let start = next
    if (max === Number.POSITIVE_INFINITY) {
      const fork: State = { kind: 'fork', next, other: 0 }
      start = this.#add(fork)
      fork.other = this.#place(body, start)
    } else {
      for (let left = max - min; left > 0; left--) {
        start = this.#add({ kind: 'fork', next, other: this.#place(body, start) })
      }
    }
    for (let left = min; left > 0; left--) start = this.#place(body, start)
    return start
  }

  #add(state: State): number {
    return this.#states.push(state) - 1
  }
}

/** The characters around a place in a text. */
interface Edge {
  before: number
  behind: number
}

function isAt(place: Place, { before, behind }: Edge): boolean {
  if (place === 'start') return before === none
  if (place === 'end') return behind === none
  return (isWord(before) !== isWord(behind)) === (place === 'word edge')
}

function isWord(code: number): boolean {
  return code !== none && code < 128 && /\w/.test(String.fromCharCode(code))
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Linked, LinkedSet } from './linked-set.js'

interface Named extends Linked<Named> {
  name: string
}

const item = (name: string): Named => ({ name, set: undefined, before: undefined, after: undefined })
const namesOf = (set: LinkedSet<Named>) => [...set].map(({ name }) => name).join('')

test('items come in the order in which they were added, whichever of them leave', () => {
  const set = new LinkedSet<Named>()
  const items = ['a', 'b', 'c', 'd', 'e'].map(item)
  for (const one of items) set.add(one)
  const [a, b, c, d, e] = items as [Named, Named, Named, Named, Named]
  assert.equal(namesOf(set), 'abcde')
  set.delete(c)
  set.delete(a)
  set.delete(e)
  assert.equal(namesOf(set), 'bd')
  set.add(a)
  assert.equal(namesOf(set), 'bda')
  for (const one of [d, b, a]) set.delete(one)
  assert.equal(namesOf(set), '')
  assert.equal(set.size, 0)
  set.add(c)
  assert.equal(namesOf(set), 'c')
})

test('what is there already stays where it is, and what is not there does not leave', () => {
  const [set, other] = [new LinkedSet<Named>(), new LinkedSet<Named>()]
  const [a, b, c] = [item('a'), item('b'), item('c')]
  set.add(a)
  set.add(b)
  set.add(a)
  set.delete(c)
  other.delete(a)
  assert.equal(namesOf(set), 'ab')
  assert.equal(set.size, 2)
  assert.throws(() => other.add(a), /another set/)
})

test('the item that is looked at may leave, and go to another set', () => {
  const [set, other] = [new LinkedSet<Named>(), new LinkedSet<Named>()]
  for (const name of ['a', 'b', 'c']) set.add(item(name))
  for (const one of set) {
    set.delete(one)
    other.add(one)
  }
  assert.equal(namesOf(set), '')
  assert.equal(namesOf(other), 'abc')
})

test('what has left knows nothing of who stayed', () => {
  const set = new LinkedSet<Named>()
  const [a, b, c] = [item('a'), item('b'), item('c')]
  for (const one of [a, b, c]) set.add(one)
  set.delete(b)
  assert.deepEqual(b, item('b'))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Sql, sql } from './sql.js'

const textOf = (statement: Sql) => statement.statement.text
const nameOf = (statement: Sql) => statement.statement.name

test('values become parameters, arrays one each', () => {
  const statement = sql`select ${'a'} where id = any(${['x', 'y']}) limit ${3}`
  assert.equal(textOf(statement), 'select $1 where id = any($2) limit $3')
  assert.deepEqual(statement.values, ['a', ['x', 'y'], 3])
})

test('a part is spliced in, and the parameters are numbered anew', () => {
  const part = sql`state = ${1} and label = ${'blue'}`
  const statement = sql`select ${0} from live where ${part} and ${part} limit ${5}`
  assert.equal(
    textOf(statement),
    'select $1 from live where state = $2 and label = $3 and state = $4 and label = $5 limit $6',
  )
  assert.deepEqual(statement.values, [0, 1, 'blue', 1, 'blue', 5])
  assert.equal(textOf(sql`select 1 ${sql`limit 2`}`), 'select 1 limit 2')
})

test('a template is made into a statement once, whatever its values', () => {
  const find = (id: string) => sql`select ${id}`
  assert.equal(find('a').statement, find('b').statement)
})

test('the same text has the same name, another text another', () => {
  const ordered = (order: Sql) => sql`select ${1} order by ${order}`
  const [up, down] = [ordered(sql`id`), ordered(sql`id desc`)]
  assert.equal(nameOf(up), nameOf(sql`select ${2} order by id`))
  assert.notEqual(nameOf(up), nameOf(down))
  assert.match(nameOf(up), /^[\w-]{16}$/)
})

test('however parts nest, the n-th parameter is the n-th value', () => {
  // A tree of parts; its leaves are values.
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(fc.integer(), fc.tuple(tie('tree'), tie('tree')), fc.tuple(tie('tree'))),
  }))
  const build = (node: unknown): Sql => {
    if (!Array.isArray(node)) return sql`<${node as number}>`
    if (node.length === 1) return sql`(${build(node[0])})`
    return sql`[${build(node[0])},${build(node[1])}]`
  }
  const expected = (node: unknown): string => {
    if (!Array.isArray(node)) return `<${node}>`
    return node.length === 1 ? `(${expected(node[0])})` : `[${node.map(expected).join()}]`
  }
  fc.assert(
    fc.property(tree, (node) => {
      const { statement, values } = build(node)
      assert.equal(
        statement.text.replace(/\$(\d+)/g, (_, n) => String(values[Number(n) - 1])),
        expected(node),
      )
    }),
  )
})

import { test } from 'node:test'
import { postmaster, readOnly } from './scenarios/postmaster.js'
import { shortRun } from './short-run.js'

const timeout = 140_000

test('PostgreSQL is killed: replicas are back within seconds, and none ends', { timeout }, (t) =>
  shortRun(t, postmaster),
)

test('PostgreSQL refuses to write for a while: replicas go on with the first second after it', { timeout }, (t) =>
  shortRun(t, readOnly),
)

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { testColony } from '@colonies/testkit'
import { openPage } from '../../examples/paper/tab.js'

type Sdk = typeof import('@colonies/client') &
  typeof import('@colonies/executor') &
  Pick<typeof import('@colonies/identity'), 'generatePrivateKey'>

interface Wish {
  /** The SDK as one module. */
  code: string
  endpoint: string
  colonyname: string
  keys: { colony: string; user: string }
}

const bundle = new URL('../../../packages/client/dist/colonies.browser.js', import.meta.url)

/** Runs in the page, where nothing of this file but its argument is known. @returns what was said, and the status */
async function talkAndReconcile({ code, endpoint, colonyname, keys }: Wish) {
  const module = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  const { createClient, createExecutor, defineFunction, defineReconciler, generatePrivateKey }: Sdk = await import(
    module
  )
  const echo = defineFunction({ name: 'echo' }, async ({ channel, process: { initiatorid } }) => {
    for await (const { senderid, text } of channel('chat')) {
      if (senderid === initiatorid) return channel('chat').append(`you said ${text}`)
    }
  })
  const reconcile = defineReconciler({ kind: 'Lamp', reconcile: ({ spec }) => ({ sees: spec }), cleanup() {} })
  const executor = createExecutor({
    connection: { endpoint, privateKey: generatePrivateKey() },
    colonyname,
    colonyPrivateKey: keys.colony,
    name: 'tab',
    type: 'browser',
    functions: [echo, ...reconcile],
  })
  await executor.start()

  const user = createClient({ endpoint, privateKey: keys.user })
  const conditions = { colonyname, executortype: 'browser' }
  const { processid } = await user.submit({ spec: { funcname: 'echo', channels: ['chat'], conditions } })
  const chat = user.channel(processid, 'chat')
  await chat.append('hello')
  const texts: string[] = []
  for await (const { text } of chat) texts.push(text)

  await user.addBlueprint({ blueprint: { kind: 'Lamp', metadata: { name: 'hall', colonyname }, spec: { on: true } } })
  const hall = { namespace: colonyname, name: 'hall' }
  await user.waitFor((await user.getBlueprint(hall)).metadata.lastReconciliationProcess)
  const { status } = await user.getBlueprint(hall)
  await executor.stop()
  return { texts, status }
}

test('channels and reconcilers work in a browser', { timeout: 60_000 }, async (t) => {
  const { name: colonyname, url: endpoint, colonyOwner, keys } = await testColony(t, { loops: true })
  await colonyOwner.addBlueprintDefinition({
    blueprintdefinition: {
      metadata: { name: 'lamps', colonyname },
      spec: { names: { kind: 'Lamp' }, handler: { executorType: 'browser', functionName: 'reconcile' } },
    },
  })
  const { page, close } = await openPage()
  t.after(close)
  const wish = { code: await readFile(bundle, 'utf8'), endpoint, colonyname, keys }
  assert.deepEqual(await page.evaluate(talkAndReconcile, wish), {
    texts: ['hello', 'you said hello'],
    status: { sees: { on: true } },
  })
})

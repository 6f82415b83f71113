import type { Output } from '@colonies/client'
import { AttributeType } from '@colonies/protocol'
import { needed, noun, verb } from '../command.js'
import { findProcessId } from '../ids.js'
import { attributeTypeName } from '../state-names.js'
import type { Column } from '../table.js'
import { created, done, item } from '../view.js'

const fields: readonly Column<Output<'getAttribute'>>[] = [
  { header: 'Id', of: ({ attributeid }) => attributeid },
  { header: 'Process', of: ({ targetid }) => targetid },
  { header: 'Key', of: ({ key }) => key },
  { header: 'Value', of: ({ value }) => value },
  { header: 'Type', of: ({ attributetype }) => attributeTypeName(attributetype) },
]
const attributeid = needed('id of the attribute')

export const attributeCommands = noun('attribute', 'Keys and values attached to processes; `process get` lists them.', [
  verb({
    name: 'add',
    summary: 'Attach a key and value to a process, as the executor that holds it.',
    positional: ['processid', 'key', 'value'],
    options: { processid: needed('id of the process', { short: 'p' }), key: needed('key'), value: needed('value') },
    async run({ processid, key, value }, session) {
      const targetid = await findProcessId(processid, session)
      const given = { targetid, targetcolonyname: session.colonyname, attributetype: AttributeType.out, key, value }
      const attribute = await session.member.addAttribute({ attribute: given })
      return created(`Attribute ${key} was added.`, attribute.attributeid, attribute)
    },
  }),
  verb({
    name: 'get',
    summary: 'Show one attribute.',
    positional: ['attributeid'],
    options: { attributeid },
    run: async ({ attributeid }, { member }) => item(await member.getAttribute({ attributeid }), attributeid, fields),
  }),
  verb({
    name: 'remove',
    summary: 'Remove an attribute, as the executor that holds its process.',
    positional: ['attributeid'],
    options: { attributeid },
    async run({ attributeid }, { member }) {
      await member.removeAttribute({ attributeid })
      return done('The attribute was removed.', { attributeid })
    },
  }),
])

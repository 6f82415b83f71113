import { type AttributeRow, deleteAttribute, findAttribute, insertAttribute } from '@colonies/database'
import { attributeId } from '@colonies/identity'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Colony, Handlers } from '../handler.js'
import { isHeldBy, notHeld, standingOf } from './processes.js'

export const attributeHandlers = {
  async addAttribute({ attribute, attempt }, { db, caller, colony, replica }) {
    const { targetid, attributetype, key, value } = attribute
    if (key === '') throw new ColoniesError('bad_request', 'attribute.key must not be empty')
    const id = attributeId(targetid, key, attributetype)
    const row = { processId: targetid, attributeId: id, type: attributetype, key, value }
    const { attributesMax: most, attributeBytesMax: bytesMax } = limits
    const guard = { holder: caller.id, attempt, most, bytesMax }
    const outcome = await insertAttribute(db, colony.key, row, guard)
    if (outcome === 'exists')
      throw new ColoniesError(
        'already_exists',
        `An attribute with key <${key}> and type ${attributetype} already exists; remove it first`,
      )
    if (outcome === 'not_held') {
      const standing = await standingOf(db, colony, targetid)
      if (isHeldBy(standing, guard))
        throw new ColoniesError('too_many', `A process has at most ${most} attributes, of ${bytesMax} bytes together`)
      throw notHeld(standing, caller.id)
    }
    replica.changed(colony.key)
    return { ...attribute, attributeid: id, targetcolonyname: colony.name, state: 0 }
  },

  async getAttribute({ attributeid }, { db, colony }) {
    const row = await findAttribute(db, colony.key, attributeid)
    if (!row) throw unknownAttribute(attributeid)
    return attributeOf(row, colony)
  },

  async removeAttribute({ attributeid, attempt }, { db, caller, colony }) {
    const holder = { holder: caller.id, attempt }
    if ((await deleteAttribute(db, colony.key, attributeid, holder)) > 0) return {}
    const row = await findAttribute(db, colony.key, attributeid)
    if (!row) throw unknownAttribute(attributeid)
    throw notHeld(await standingOf(db, colony, row.process_id), caller.id)
  },
} satisfies Partial<Handlers>

function unknownAttribute(attributeid: string): ColoniesError {
  return new ColoniesError('not_found', `Attribute with Id <${attributeid}> not found`)
}

function attributeOf(row: AttributeRow, colony: Colony) {
  return {
    attributeid: row.attribute_id,
    targetid: row.process_id,
    targetcolonyname: colony.name,
    targetprocessgraphid: row.graph_id ?? '',
    state: row.state,
    attributetype: row.attribute_type,
    key: row.key,
    value: row.value,
  }
}

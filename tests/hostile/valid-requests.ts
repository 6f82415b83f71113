import { sign } from '@colonies/identity'
import { accessTable, type Row } from '../access/access-table.js'
import { plausibleRequests } from '../access/plausible-requests.js'
import type { Scene } from '../access/scene.js'
import type { ValidRequest } from './malformed-envelopes.js'

/** One request per operation, each signed by somebody who may ask for it. */
export async function validRequests(scene: Scene, transport: 'http' | 'websocket'): Promise<ValidRequest[]> {
  const requests: ValidRequest[] = []
  for (const row of accessTable) {
    const { payloadtype } = row
    if (payloadtype.startsWith('subscribe') !== (transport === 'websocket')) continue
    const json = JSON.stringify({ ...(await plausibleRequests[payloadtype]?.(scene, 'ada')), msgtype: payloadtype })
    const payload = Buffer.from(json).toString('base64')
    const privateKey = keyFor(row, scene)
    requests.push({
      payloadtype,
      json,
      payload,
      signature: privateKey === '' ? '' : sign(payload, privateKey),
      privateKey,
      hasPayload: payloadtype !== 'getserverinfomsg',
    })
  }
  return requests
}

function keyFor({ cells }: Row, { keys }: Scene): string {
  if (cells.nobody === 'ok') return ''
  if (cells.server === 'ok') return keys.server
  if (cells.owner === 'ok') return keys.owner
  return cells.approved === 'ok' ? keys.ada : keys.user
}

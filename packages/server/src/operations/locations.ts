import { checkLabel, checkName } from '@colonies/core'
import { deleteLocation, findLocation, insertLocation, type LocationRow, listLocations } from '@colonies/database'
import { ColoniesError, limits } from '@colonies/protocol'
import type { Colony, Handlers } from '../handler.js'

export const locationHandlers = {
  async addLocation({ location }, { db, colony }) {
    checkName(location.name, 'location.name')
    checkLabel(location.locationid, 'location.locationid')
    const { name, description, long, lat } = location
    if (Buffer.byteLength(description) > limits.descriptionBytesMax)
      throw new ColoniesError('bad_request', `location.description has more than ${limits.descriptionBytesMax} bytes`)
    const row = await insertLocation(db, colony.key, { name, location_id: location.locationid, description, long, lat })
    if (!row)
      throw new ColoniesError(
        'already_exists',
        `A location with name <${name}> already exists in Colony with name <${colony.name}>`,
      )
    return locationOf(row, colony)
  },

  async getLocations({ after }, { db, colony }) {
    const rows = await listLocations(db, colony.key, { after, count: limits.directoryCountMax })
    return rows.map((row) => locationOf(row, colony))
  },

  async getLocation({ name }, { db, colony }) {
    const row = await findLocation(db, colony.key, name)
    if (!row) throw new ColoniesError('not_found', `Location with name <${name}> not found`)
    return locationOf(row, colony)
  },

  async removeLocation({ name }, { db, colony }) {
    if ((await deleteLocation(db, colony.key, name)) === 0)
      throw new ColoniesError('not_found', `Location with name <${name}> not found`)
    return {}
  },
} satisfies Partial<Handlers>

function locationOf(row: LocationRow, colony: Colony) {
  return {
    locationid: row.location_id,
    name: row.name,
    colonyname: colony.name,
    description: row.description,
    long: row.long,
    lat: row.lat,
  }
}

import type { DatabaseConfig } from '@colonies/database'

/** Variables of a server on this database. */
export function databaseVariables({ host, port, user, password, database }: DatabaseConfig): Record<string, string> {
  return {
    COLONIES_DB_HOST: host,
    COLONIES_DB_PORT: String(port),
    COLONIES_DB_USER: user,
    COLONIES_DB_PASSWORD: password,
    COLONIES_DB_NAME: database,
  }
}

/** The same, for a server on a free port of this machine. @param serverKey private key of its owner */
export function serverVariables(config: DatabaseConfig, serverKey: string): Record<string, string> {
  return {
    ...databaseVariables(config),
    COLONIES_SERVER_PRVKEY: serverKey,
    COLONIES_SERVER_HTTP_HOST: '127.0.0.1',
    COLONIES_SERVER_HTTP_PORT: '0',
  }
}

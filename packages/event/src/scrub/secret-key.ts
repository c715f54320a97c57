/** A key is taken as the name of a secret by its last word, or its last two: `db_password`, `clientSecret`, `X-Api-Key`. */
const LAST_WORDS: ReadonlySet<string> = new Set([
  'password',
  'passwords',
  'passwd',
  'passphrase',
  'passcode',
  'pwd',
  'pw',
  'pass',
  'pin',
  'secret',
  'secrets',
  'token',
  'tokens',
  'jwt',
  'credential',
  'credentials',
  'creds',
  'authorization',
  'auth',
  'apikey',
  'accesskey',
  'privatekey',
  'secretkey',
  'clientsecret',
  'authtoken',
  'accesstoken',
  'refreshtoken',
  'cookie',
  'connectionstring',
])

const LAST_TWO_WORDS: ReadonlySet<string> = new Set([
  'api_key',
  'access_key',
  'private_key',
  'secret_key',
  'encryption_key',
  'signing_key',
  'account_key',
  'shared_key',
  'auth_key',
  'ssh_key',
  'app_key',
  'license_key',
  'master_key',
  'host_key',
  'service_key',
  'ingest_key',
  'write_key',
  'connection_string',
  'secret_id',
  'password_hash',
  'secret_value',
  'token_value',
  'session_id',
])

/** Every word or pair of words that names a secret. */
export const SECRET_WORDS: readonly string[] = [...LAST_WORDS, ...LAST_TWO_WORDS]

/** Endings of words written together, `dbpassword`, `mysqlpwd`, `dbpass`; not `bypass`, `OLDPWD`. */
const ENDING =
  /(?:password|passwd|passphrase|(?<!^old)pwd|secret|apikey|secretkey|accesskey|privatekey|authtoken|accesstoken|(?:db|sql|pg|postgres|maria|mongo|redis|ldap|smtp|mail|ftp|ssh|http|proxy|user|usr|root|admin|my|login|key|store)pass)$/

/**
 * True when a member, query parameter or flag of this name holds a secret. Words are matched whole, so `token_type`,
 * `secret_name`, `keyspace` and `crash_count` are no secrets.
 */
export function isSecretKey(key: string): boolean {
  const words = key
    .slice(-256)
    .replace(/^.*\//, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '' && !/^\d+$/.test(word))
    .map(word => word.replace(/\d+$/, ''))
  const last = words.at(-1)
  if (last === undefined) return false
  return LAST_WORDS.has(last) || ENDING.test(last) || LAST_TWO_WORDS.has(`${words.at(-2)}_${last}`)
}

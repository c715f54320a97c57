import { type Answer, sinatraAnswer, textAnswer, v3JsonAnswer } from './answer.ts'
import type { RateLimit } from './rate-limiter.ts'

export interface Addresses {
  readonly api: string
  readonly uaa: string
  readonly login: string
}

export interface DiscoveryOptions {
  readonly addresses: Addresses
  /** Whether v2 is switched on; off, nginx answers every path of it but `/v2/info` with 404. */
  readonly v2: boolean
  /** False: a Cloud Controller from before there were audit events in v3. */
  readonly v3AuditEvents: boolean
  readonly rateLimit: RateLimit | undefined
}

const collections = [
  'app_usage_events',
  'apps',
  'audit_events',
  'buildpacks',
  'builds',
  'deployments',
  'domains',
  'droplets',
  'environment_variable_groups',
  'feature_flags',
  'info',
  'isolation_segments',
  'organizations',
  'organization_quotas',
  'packages',
  'processes',
  'resource_matches',
  'roles',
  'routes',
  'security_groups',
  'service_brokers',
  'service_instances',
  'service_credential_bindings',
  'service_offerings',
  'service_plans',
  'service_route_bindings',
  'service_usage_events',
  'spaces',
  'space_quotas',
  'stacks',
  'tasks',
  'users',
] as const

const about = { description: 'Cloud Foundry sponsored by Pivotal', name: 'cf-deployment' } as const
const custom = { arbitrary: 'stuff' } as const
const supportUrl = 'http://support.cloudfoundry.com'
const sshHost = 'ssh.sys.example.com:2222'
const sshKey = '47:0d:d1:c8:c3:3d:0a:36:d1:49:2f:f2:90:27:31:d0'
const doppler = 'wss://doppler.example.com:443'

/** What anyone may ask without a token; null: the path is none of these. */
export function discoveryAnswer(path: string, options: DiscoveryOptions): Answer | null {
  switch (path) {
    case '/':
      return sinatraAnswer(200, { links: rootLinks(options) })
    case '/v3':
      return v3JsonAnswer(200, { links: v3Links(options) })
    case '/v3/info':
      return v3JsonAnswer(200, v3Info(options))
    case '/v2/info':
      return sinatraAnswer(200, v2Info(options))
    case '/healthz':
      return textAnswer(200, 'text/plain', '')
    default:
      return null
  }
}

function rootLinks({ addresses: { api, uaa, login }, v2 }: DiscoveryOptions): unknown {
  return {
    self: { href: api },
    cloud_controller_v3: { href: `${api}/v3`, meta: { version: '3.228.0' } },
    network_policy_v0: { href: `${api}/networking/v0/external` },
    network_policy_v1: { href: `${api}/networking/v1/external` },
    login: { href: login },
    uaa: { href: uaa },
    credhub: null,
    routing: null,
    logging: { href: doppler },
    log_cache: { href: 'https://log-cache.example.com' },
    log_stream: { href: 'https://log-stream.example.com' },
    app_ssh: { href: sshHost, meta: { host_key_fingerprint: sshKey, oauth_client: 'ssh-proxy' } },
    ...(v2 ? { cloud_controller_v2: { href: `${api}/v2`, meta: { version: '2.293.0' } } } : {}),
  }
}

function v3Links({ addresses: { api }, v3AuditEvents }: DiscoveryOptions): unknown {
  const shown = collections.filter(name => v3AuditEvents || name !== 'audit_events')
  return Object.fromEntries([
    ['self', { href: `${api}/v3` }],
    ...shown.map(name => [name, { href: `${api}/v3/${name}` }]),
  ])
}

function v3Info({ addresses: { api }, rateLimit }: DiscoveryOptions): unknown {
  return {
    build: '2222',
    cli_version: { minimum: '6.22.0', recommended: 'latest' },
    custom,
    ...about,
    version: 2,
    osbapi_version: '2.15',
    rate_limits: {
      enabled: rateLimit !== undefined,
      general_limit: rateLimit?.generalLimit ?? 30,
      reset_interval_in_minutes: rateLimit?.resetIntervalMinutes ?? 60,
    },
    links: { self: { href: `${api}/v3/info` }, support: { href: supportUrl } },
  }
}

function v2Info({ addresses: { uaa, login }, v2 }: DiscoveryOptions): unknown {
  return {
    name: about.name,
    build: '2222',
    support: v2 ? supportUrl : 'CF API v2 is disabled',
    version: 2,
    description: about.description,
    authorization_endpoint: login,
    token_endpoint: uaa,
    min_cli_version: '6.22.0',
    min_recommended_cli_version: 'latest',
    app_ssh_endpoint: sshHost,
    app_ssh_host_key_fingerprint: sshKey,
    app_ssh_oauth_client: 'ssh-proxy',
    doppler_logging_endpoint: doppler,
    api_version: v2 ? '2.293.0' : '',
    osbapi_version: '2.15',
    custom,
  }
}

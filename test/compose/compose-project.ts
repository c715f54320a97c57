import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { deadline } from '@cf-audit-drain/pipeline'
import { buildFolder, readComposeFile, root } from './compose-file.ts'

const run = promisify(execFile)

/** Docker's own plugin, else the older program of the same work. */
const composeCommands = [['docker', 'compose'], ['docker-compose']] as const

/** Why the compose file cannot be brought up here and what to do about it, or null when it can. Pulls and builds nothing. */
export function composeMissing(): string | null {
  if (spawnSync('docker', ['info', '--format', '{{.ID}}']).status !== 0)
    return 'there is no Docker here that answers: apt-get install docker.io, then start dockerd (or set DOCKER_HOST)'
  if (composeCommand() === null)
    return 'Docker has no compose: install its plugin, or apt-get install docker-compose'
  const missing = pulledImages().filter(
    image => spawnSync('docker', ['image', 'inspect', image]).status !== 0,
  )
  return missing.length === 0
    ? null
    : `these images are not here: ${missing.join(', ')}. test/compose/local-images.sh pulls them, or builds stand-ins`
}

function composeCommand(): readonly string[] | null {
  const found = composeCommands.find(
    ([command, ...args]) => spawnSync(command, [...args, 'version']).status === 0,
  )
  return found ?? null
}

/** What `up --build` would have to fetch; the images of our own are made of debian and node. */
function pulledImages(): readonly string[] {
  const services = Object.values(readComposeFile().services)
  const pulled = services.filter(service => buildFolder(service) === null).map(({ image }) => image)
  return [...new Set(pulled), 'debian:12-slim', 'node:24-bookworm-slim']
}

/** docker-compose.yml under a name and on ports of its own, so that it meets nothing that runs here. */
export class ComposeProject {
  readonly #name: string
  readonly #env: NodeJS.ProcessEnv
  readonly #command: readonly string[]

  constructor(name: string, env: Readonly<Record<string, string>>) {
    this.#name = name
    this.#command = composeCommand() ?? ['docker', 'compose']
    this.#env = { ...process.env, ...env }
    if (spawnSync('docker', ['buildx', 'version']).status !== 0) this.#env['DOCKER_BUILDKIT'] = '0'
  }

  /** What `docker compose …` printed. Throws what it said when it ended badly. */
  async compose(args: readonly string[], patienceMs: number): Promise<string> {
    const [command = '', ...words] = [...this.#command, '--project-name', this.#name, ...args]
    return this.#run(command, words, patienceMs)
  }

  async docker(args: readonly string[], patienceMs = 30_000): Promise<string> {
    return this.#run('docker', args, patienceMs)
  }

  async #run(command: string, args: readonly string[], patienceMs: number): Promise<string> {
    const options = { cwd: root, env: this.#env, signal: deadline(patienceMs), maxBuffer: 256 * 1024 * 1024 }
    return (await run(command, args, options)).stdout
  }

  /** The id of the container of a service, also of one that has ended. */
  async container(service: string): Promise<string> {
    return (await this.compose(['ps', '--all', '--quiet', service], 30_000)).trim()
  }

  /** Standard output of the service's container, since it was made. */
  async output(service: string): Promise<string> {
    return this.docker(['logs', await this.container(service)])
  }

  /** What a request from within the network of the services answers. */
  async fetch(url: string): Promise<string> {
    const script = `fetch(${JSON.stringify(url)}).then(a => a.text()).then(t => process.stdout.write(t))`
    return this.compose(['exec', '-T', 'simulator', '/app/node_modules/node/bin/node', '-e', script], 30_000)
  }
}

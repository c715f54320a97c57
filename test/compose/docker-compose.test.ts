import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Config, loadConfig, renderFaults } from '@cf-audit-drain/config'
import { parse } from 'yaml'
import { buildFolder, readComposeFile, root, type Service } from './compose-file.ts'

const { services, volumes, secrets } = readComposeFile()
const all = Object.entries(services)

function each(check: (service: Service, name: string) => void): void {
  assert.ok(all.length >= 8, `${all.length} services`)
  for (const [name, service] of all) check(service, name)
}

/** `./on/this/machine:/in/the/container:ro`, or `volume:/in/the/container`. */
function mounts({ volumes: given = [] }: Service) {
  return given.map(text => {
    const [from = '', to = '', mode = 'rw'] = text.split(':')
    return { from, to, mode, isFile: from.startsWith('.') }
  })
}

test('no service is root, writes to its file system, or can gain a right', () => {
  each((service, name) => {
    assert.match(service.user ?? '', /^[1-9]\d*:[1-9]\d*$/, `${name}: user`)
    assert.equal(service.read_only, true, `${name}: read_only`)
    assert.deepEqual(service.cap_drop, ['ALL'], `${name}: cap_drop`)
    assert.equal(service.cap_add, undefined, `${name}: cap_add`)
    assert.equal(service.privileged, undefined, `${name}: privileged`)
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], `${name}: security_opt`)
  })
})

test('every service has limits of memory and processes, and a restart policy', () => {
  each((service, name) => {
    assert.match(service.mem_limit ?? '', /^\d+[mg]$/, `${name}: mem_limit`)
    assert.ok((service.pids_limit ?? 0) > 0, `${name}: pids_limit`)
    assert.match(service.restart ?? '', /^(?:unless-stopped|no)$/, `${name}: restart`)
  })
})

test('every image has a version, and so has everything the Dockerfiles begin with', () => {
  const dockerfiles = all.map(([, service]) => buildFolder(service)).filter(folder => folder !== null)
  const bases = [...new Set(dockerfiles)].flatMap(folder =>
    [...readFileSync(`${folder}Dockerfile`, 'utf8').matchAll(/^FROM (\S+)/gm)].map(match => match[1] ?? ''),
  )
  assert.ok(bases.length >= 3)
  for (const image of [...all.map(([, service]) => service.image), ...bases])
    assert.match(image, /^[\w./-]+:(?!latest)[\w.-]*\d[\w.-]*$/, image)
})

test('every service that stays tells its health, and whoever waits for one can', () => {
  const tellsHealth = (service: Service) => {
    if (service.healthcheck?.disable) return false
    const folder = buildFolder(service)
    return (
      service.healthcheck?.test !== undefined ||
      (folder !== null && /^HEALTHCHECK /m.test(readFileSync(`${folder}Dockerfile`, 'utf8')))
    )
  }
  each((service, name) => {
    if (service.restart !== 'no') assert.ok(tellsHealth(service), `${name}: no healthcheck`)
    for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
      const awaited = services[other]
      assert.ok(awaited, `${name}: waits for ${other}, which is not there`)
      if (condition === 'service_completed_successfully') assert.equal(awaited.restart, 'no', other)
      else assert.ok(condition === 'service_healthy' && tellsHealth(awaited), `${name}: waits for ${other}`)
    }
  })
})

test('every file, volume and secret that is named is there, files cannot be written', () => {
  each((service, name) => {
    for (const { from, to, mode, isFile } of mounts(service)) {
      assert.match(to, /^\//, `${name}: ${to}`)
      if (!isFile) assert.ok(from in volumes, `${name}: volume ${from}`)
      else assert.ok(existsSync(`${root}${from}`) && mode === 'ro', `${name}: ${from} ${mode}`)
    }
    for (const secret of service.secrets ?? []) assert.ok(secret in secrets, `${name}: secret ${secret}`)
    const folder = buildFolder(service)
    if (folder !== null) assert.ok(existsSync(`${folder}Dockerfile`), `${name}: ${folder}`)
  })
  for (const { file } of Object.values(secrets)) assert.ok(existsSync(`${root}${file}`), file)
  assert.ok(mounts(services['kafka'] as Service).some(({ from, isFile }) => !isFile && from in volumes))
})

test('no secret is in the environment, and no port is open to other machines', () => {
  each((service, name) => {
    for (const variable of Object.keys(service.environment ?? {}))
      assert.doesNotMatch(variable, /SECRET|PASSWORD|TOKEN|KEY/, name)
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, `${name}: ${port}`)
  })
})

/** As the service would: from the files it is given, and from no others. */
function configOf(name: string): Config {
  const service = services[name] as Service
  const words = service.command as readonly string[]
  const path = words[words.indexOf('--config') + 1] ?? ''
  const readFile = (wanted: string) => {
    const secret = (service.secrets ?? []).find(one => wanted === `/run/secrets/${one}`)
    const mount = mounts(service).find(({ to }) => to === wanted)
    const from = secret ? secrets[secret]?.file : mount?.from
    if (from === undefined) throw Object.assign(new Error(`ENOENT: ${wanted}`), { code: 'ENOENT' })
    return readFileSync(`${root}${from}`, 'utf8')
  }
  const loaded = loadConfig({
    file: { path, text: readFile(path) },
    env: { DATA_DIR: '/data', HTTP_ADDRESS: '0.0.0.0:9470' },
    readFile,
  })
  if ('faults' in loaded) assert.fail(renderFaults(loaded.faults))
  return loaded.config
}

test('what poller and sink are given loads, and they meet in the same Kafka', () => {
  const [poller, sink, topics] = ['poller', 'sink', 'topics'].map(configOf) as [Config, Config, Config]
  const advertised = String(services['kafka']?.environment?.['KAFKA_ADVERTISED_LISTENERS'])
  assert.deepEqual(poller.log.kafka?.brokers, [advertised.replace('PLAINTEXT://', '')])
  assert.deepEqual(sink.log.kafka, poller.log.kafka)
  assert.deepEqual(topics.log.kafka, poller.log.kafka)
  assert.equal(poller.foundations.length, 1)
  assert.equal(sink.foundations.length, 0)
})

test('the poller asks the simulator, the sink sends to rsyslog, Prometheus scrapes both', () => {
  const simulator = String(services['simulator']?.command)
  const [, host, port] = /--host (\S+) --port (\d+)/.exec(simulator) ?? []
  assert.equal(configOf('poller').foundations[0]?.api.replace(/\/$/, ''), `http://${host}:${port}`)
  assert.ok(host !== undefined && host in services)
  const rsyslog = readFileSync(`${root}deploy/compose/rsyslog/rsyslog.conf`, 'utf8')
  const listens = /input\(type="imtcp" port="(\d+)"/.exec(rsyslog)?.[1]
  const sink = parse(readFileSync(`${root}deploy/compose/sink.yaml`, 'utf8')) as { sinks: { url: string }[] }
  assert.equal(sink.sinks[0]?.url, `syslog://rsyslog:${listens}`)
  const prometheus = parse(readFileSync(`${root}deploy/compose/prometheus.yml`, 'utf8')) as {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[]
  }
  assert.deepEqual(prometheus.scrape_configs, [
    { job_name: 'cf-audit', static_configs: [{ targets: ['poller:9470', 'sink:9470'] }] },
  ])
})

test('the images of our own end as a user without rights, and take nothing that is not listed', () => {
  for (const folder of ['', 'deploy/compose/rsyslog/']) {
    const users = [...readFileSync(`${root}${folder}Dockerfile`, 'utf8').matchAll(/^USER (\S+)/gm)]
    assert.match(users.at(-1)?.[1] ?? '', /^[1-9]\d*:[1-9]\d*$/, folder)
  }
  const ignored = readFileSync(`${root}.dockerignore`, 'utf8')
    .split('\n')
    .filter(line => !/^(?:#|$)/.test(line))
  assert.equal(ignored[0], '*')
  const taken = ignored.filter(line => line.startsWith('!'))
  assert.deepEqual(taken, ['!package.json', '!package-lock.json', '!packages', '!services'])
})

test('promtool and amtool accept what Prometheus and Alertmanager are given', t => {
  const checks = [
    ['promtool', ['check', 'config', '--syntax-only', 'deploy/compose/prometheus.yml'], 'prometheus'],
    ['amtool', ['check-config', 'deploy/compose/alertmanager.yml'], 'prometheus-alertmanager'],
  ] as const
  for (const [command, args, debianPackage] of checks) {
    if (spawnSync(command, ['--version']).status !== 0) {
      const why = `${command} is not installed: apt-get install ${debianPackage}`
      if (process.env['REQUIRE_PEERS'] === '1') assert.fail(why)
      t.skip(why)
      return
    }
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
    assert.equal(status, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`)
  }
})

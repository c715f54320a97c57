import { variables } from './environment.ts'
import { type SchemaNode, settingsSchema } from './json-schema.ts'
import { options } from './options.ts'
import { pathText } from './settings-tree.ts'

/** docs/reference/config.md, from the schema and the tables of variables and options. */
export function renderReference(): string {
  return `<!-- Generated: UPDATE_REFERENCE=1 npx node --test packages/config/src/reference.test.ts -->
# Configuration

One YAML file (\`--config file.yaml\`), environment variables, or both. A fault of any kind is reported with its place
and with what to write instead; all of them at once, with exit code 2, before anything is connected. Editors check the
file with [config.schema.json](config.schema.json).

- Durations are a whole number and \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`: \`10s\`, \`31d\`. Sizes are bytes, or with \`KiB\`, \`MiB\`,
  \`GiB\`, \`TiB\`.
- \`$\{NAME}\` inside any value is the environment variable \`NAME\`; one that is not set is a fault. \`$$\{\` writes the
  characters \`$\{\` themselves. Quote such a value in a flow mapping (\`{a: "$\{NAME}"}\`).
- A setting that ends in \`File\` names a file. Of a secret's file one trailing newline is not part of the secret.
- Relative paths count from the working directory.
- A key with nothing after it is as if not written. A key that is not listed here is a fault.

## Settings

| setting | kind | default | |
|---|---|---|---|
${rows('', settingsSchema, true).join('\n')}

## Environment variables

One foundation and one sink need no file. A variable that is empty counts as not set.

| variable | sets | |
|---|---|---|
${variables.map(variableRow).join('\n')}

When a file is given as well:

- variables marked _process_ go over what the file says;
- the others describe one foundation, one sink or the log. They are used when the file has no \`foundations\` (no \`sinks\`,
  nothing under \`log\`). Beside a file that has them they are a fault, because it is not clear which is meant. A variable
  that the file itself refers to as \`$\{NAME}\` is only used there.
- \`POLL_INTERVAL\`, \`START_FROM\` and the like without \`CF_API\` and its client configure nothing, but must be right.

\`SINK_URL\` makes a sink named \`siem\`, whatever its host: its place in the log stays when the SIEM moves.

\`KAFKA_BROKERS=host:port,host:port\` chooses Kafka as the log. Topics are then made at start where allowed
(\`createTopics: true\`), on one broker when one is given, else on three (\`replicationFactor\`). The other \`KAFKA_\` variables
need it; \`KAFKA_TLS_CA_FILE\` is what turns TLS on. \`DATA_DIR\` beside it is the folder of the scrubbing key. What else a log on
Kafka has to say stands in a file.

## Options of the command line

They go over file and environment.

| option | sets |
|---|---|
${options.map(({ name, target }) => `| \`--${name}\` | ${'path' in target ? `\`${pathText(target.path)}\`` : `\`${target.key}\` of every foundation`} |`).join('\n')}
`
}

function rows(prefix: string, node: SchemaNode, isRequired: boolean): readonly string[] {
  const own = prefix === '' ? [] : [row(prefix, node, isRequired)]
  const children = Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    rows(prefix === '' ? key : `${prefix}.${key}`, child, node.required?.includes(key) ?? false),
  )
  return [...own, ...children, ...(node.items === undefined ? [] : items(prefix, node.items))]
}

function items(prefix: string, node: SchemaNode): readonly string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    rows(`${prefix}[].${key}`, child, node.required?.includes(key) ?? false),
  )
}

function row(name: string, node: SchemaNode, isRequired: boolean): string {
  const isGroup = node.properties !== undefined
  const { example } = node
  const about = [
    node.description ?? '',
    countOf(node),
    node.enum === undefined || isGroup || kindOf(node) === 'true or false'
      ? ''
      : `One of ${node.enum.map(code).join(', ')}.`,
    example === undefined || node.default !== undefined || node.enum !== undefined
      ? ''
      : `Example: ${code(example)}.`,
  ]
  return `| \`${name}\` | ${kindOf(node)} | ${isRequired ? '**required**' : isGroup ? '' : defaultOf(node)} | ${about.filter(Boolean).join(' ')} |`
}

/** How many a list takes. */
function countOf({ minItems, maxItems }: SchemaNode): string {
  if (maxItems !== undefined) return `From ${minItems ?? 0} to ${maxItems} of them.`
  return minItems === undefined ? '' : `At least ${minItems}.`
}

function defaultOf(node: SchemaNode): string {
  return node.default === undefined || JSON.stringify(node.default) === '[]' ? '' : code(node.default)
}

function kindOf(node: SchemaNode): string {
  if (node.properties !== undefined) return node.shorthand === 'flag' ? 'true or mapping' : 'mapping'
  if (node.items !== undefined) return 'list'
  if (node.enum?.includes(true) === true) return 'true or false'
  if (node.enum !== undefined) return 'choice'
  if (node.pattern?.includes('ms|s') === true) return 'duration'
  if (node.pattern?.includes('KiB') === true) return 'size'
  if (node.writeOnly === true) return 'secret'
  return node.type === 'string' ? 'text' : 'whole number'
}

function code(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `\`${text.replaceAll('|', '\\|')}\``
}

function variableRow({ name, path, scope }: (typeof variables)[number]): string {
  return `| \`${name}\` | \`${pathText(path)}\` | ${scope === 'process' ? 'process' : `the ${scope}`} |`
}

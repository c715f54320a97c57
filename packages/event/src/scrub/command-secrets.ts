import type { Finding } from './finding.ts'
import { placeholderEnd } from './fingerprint.ts'
import { matchesIn } from './matches-in.ts'
import { quotedEnd, valueAt } from './written-value.ts'

/** A program that takes a password by an option of one letter. */
interface Program {
  readonly name: RegExp
  readonly option: RegExp
}

const PROGRAMS: readonly Program[] = [
  // `-p word` would be a database: the password has to be joined on.
  {
    name: /(?<![\w-])(?:mysql|mariadb)[\w-]{0,16}(?=[ \t])/gi,
    option: /(?<=[ \t])-p(?=[^\s-])/g,
  },
  {
    name: /(?<![\w-])(?:sshpass|mongo\w{0,16}|(?:docker|podman|helm|skopeo|cf|oc|az)[ \t](?:registry[ \t])?login)(?=[ \t])/gi,
    option: /(?<=[ \t])-p[ \t]{0,3}(?=[^\s-])/g,
  },
  { name: /(?<![\w-])redis-cli(?=[ \t])/gi, option: /(?<=[ \t])-a[ \t]{0,3}(?=[^\s-])/g },
  { name: /(?<![\w-])ldap\w{1,16}(?=[ \t])/gi, option: /(?<=[ \t])-w[ \t]{0,3}(?=[^\s-])/g },
]

/** As far as a command line is read for the option. */
const COMMAND_LENGTH_MAX = 256

/** `-u name:password`, `--user name:password`, of curl and its like. */
const USER =
  /(?<![\w-])(?:-[uU][ \t]{0,3}|--(?:proxy-)?user(?:=|[ \t]{1,3}))(?:\\?(["'`]))?([^\s:"'`@/]{0,128}):(?!\/\/)/g

/** Passwords in command lines that no name gives away: `mysql -uroot -psecret`, `curl -u admin:secret`. */
export function commandSecrets(text: string, findings: Finding[]): void {
  if (!/[ \t]-/.test(text)) return
  for (const { name, option } of PROGRAMS)
    for (const match of matchesIn(text, name)) {
      const command = text.slice(match.index, match.index + COMMAND_LENGTH_MAX).split('\n', 1)[0] ?? ''
      for (const { index, 0: sign } of matchesIn(command, option)) {
        const found = valueAt(text, match.index + index + sign.length)
        if (found !== null) findings.push(found)
      }
    }
  for (const match of matchesIn(text, USER)) {
    const [whole, quote, user = ''] = match
    const start = match.index + whole.length
    const end = quote === undefined ? wordEnd(text, start) : quotedEnd(text, start - user.length - 1, quote)
    const areIds = /^\d*$/.test(user) && /^\d*$/.test(text.slice(start, end))
    if (end > start && !areIds && placeholderEnd(text, start) === -1) findings.push({ start, end })
  }
}

function wordEnd(text: string, at: number): number {
  const stop = /[\s"'`]/g
  stop.lastIndex = at
  return stop.exec(text)?.index ?? text.length
}

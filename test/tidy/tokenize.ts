/** A piece of a TypeScript source. White space is left out; everything else is some token, so nothing is overlooked. */
export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'template' | 'regex' | 'punctuation' | 'comment'
  /** As written; of a string and of a piece of a template only what is between its quotes. */
  readonly text: string
  readonly line: number
}

const space = /\s+/y
const comment = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|^#![^\n]*/y
const string = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y
const number = /\d[\w.]*/y
const word = /[#@]?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy
const regex = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
const punctuation = /=>|\.\.\.|\?\.|[\s\S]/y
const templatePiece = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y

const wordsBeforeRegex = new Set(
  'return typeof case in of delete void throw new else do await yield instanceof'.split(' '),
)

/**
 * Splits a source into tokens: enough of the grammar to tell code from comments, strings, templates and regular
 * expressions. It exists because TypeScript 7 has no parser to call, and a search by text finds words in comments.
 */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  /** For each template we are inside of, the brackets that are open in its current `${…}`. */
  const templates: number[] = []
  let at = 0
  let line = 1

  function take(pattern: RegExp): string | null {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    return found === undefined || found === '' ? null : found
  }

  function add(kind: Token['kind'] | null, taken: string, inner = taken): void {
    if (kind) tokens.push({ kind, text: inner, line })
    at += taken.length
    line += taken.split('\n').length - 1
  }

  /** From after a backquote, or after the `}` of an expression, to the next expression or the end of the template. */
  function addTemplatePiece(): void {
    add('template', take(templatePiece) ?? '')
    if (text.startsWith('${', at)) {
      templates.push(0)
      add('punctuation', '${')
    } else add(null, '`')
  }

  function addPunctuation(mark: string): void {
    if (mark === '`') {
      add(null, mark)
      addTemplatePiece()
      return
    }
    const open = templates.at(-1)
    if (mark === '}' && open === 0) {
      templates.pop()
      add('punctuation', mark)
      addTemplatePiece()
      return
    }
    if (open !== undefined && mark === '{') templates[templates.length - 1] = open + 1
    if (open !== undefined && mark === '}') templates[templates.length - 1] = open - 1
    add('punctuation', mark)
  }

  while (at < text.length) {
    const blank = take(space)
    if (blank) add(null, blank)
    const remark = take(comment)
    const quoted = take(string)
    const digits = take(number)
    const name = take(word)
    const pattern = regexMayFollow(tokens) ? take(regex) : null
    if (at >= text.length) break
    if (remark) add('comment', remark)
    else if (quoted) add('string', quoted, quoted.slice(1, -1))
    else if (digits) add('number', digits)
    else if (name) add('word', name)
    else if (pattern) add('regex', pattern)
    else addPunctuation(take(punctuation) ?? '')
  }
  return tokens
}

/** After a value a slash divides; elsewhere it begins a regular expression. */
function regexMayFollow(tokens: readonly Token[]): boolean {
  const code = tokens.slice(-4).filter(token => token.kind !== 'comment')
  const last = code.at(-1)
  if (!last) return true
  if (last.kind === 'word') return wordsBeforeRegex.has(last.text)
  if (last.kind !== 'punctuation') return false
  if (last.text === '!') return !endsValue(code.at(-2))
  return !')]}'.includes(last.text)
}

function endsValue(token: Token | undefined): boolean {
  if (!token) return false
  if (token.kind === 'word') return !wordsBeforeRegex.has(token.text)
  return token.text === ')' || token.text === ']'
}

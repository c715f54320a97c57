import type { Token } from './tokenize.ts'

export interface FunctionBody {
  /** The name it is declared or assigned under; of a callback the name of the function it is given to. */
  readonly name: string
  readonly line: number
  /** From the line of its opening brace to that of its closing one, both counted. */
  readonly lines: number
}

const blockWords = new Set(['if', 'for', 'while', 'switch', 'catch', 'with'])
const neverInAType = new Set(
  'class interface else try finally do return const let var case default throw new import export'.split(' '),
)

/** Every function, method and arrow function with a body in braces, of a source without comments. */
export function functionsOf(code: readonly Token[]): readonly FunctionBody[] {
  const matching = matchBrackets(code)
  const found: FunctionBody[] = []
  for (const [index, token] of code.entries()) {
    if (!isMark(token, '{')) continue
    const close = matching.get(index)
    const head = headOf(code, matching, index)
    if (head === null || close === undefined) continue
    const end = code[close]?.line ?? token.line
    found.push({ name: nameBefore(code, matching, head), line: token.line, lines: end - token.line + 1 })
  }
  return found
}

/** Where the head of the function whose body opens at `open` begins: its parameter list; null when it is no function. */
function headOf(code: readonly Token[], matching: Brackets, open: number): number | null {
  const before = code[open - 1]
  if (isMark(before, '=>')) return startOfParameters(code, matching, open - 2)
  const close = isMark(before, ')') ? open - 1 : parametersBeforeType(code, matching, open - 1)
  const start = close === null ? undefined : matching.get(close)
  if (start === undefined) return null
  const called = code[start - 1]
  const isBlock = blockWords.has(called?.text ?? '') && !isMark(code[start - 2], '.')
  const isForAwait = called?.text === 'await' && code[start - 2]?.text === 'for'
  const isSuperclass = code[start - 2]?.text === 'extends'
  return isBlock || isForAwait || isSuperclass ? null : start
}

/** Of an arrow: `x =>`, `(x) =>`, `(x): Type =>`. */
function startOfParameters(code: readonly Token[], matching: Brackets, last: number): number {
  if (isMark(code[last], ')')) return matching.get(last) ?? last
  const close = parametersBeforeType(code, matching, last)
  return close === null ? last : (matching.get(close) ?? last)
}

/** Walks back over a return type to the `)` before its colon; null when these tokens are no return type. */
function parametersBeforeType(code: readonly Token[], matching: Brackets, last: number): number | null {
  for (let at = last; at > 0; at--) {
    const token = code[at] as Token
    if (isMark(token, ':')) return at < last && isMark(code[at - 1], ')') ? at - 1 : null
    if (token.kind === 'word' && neverInAType.has(token.text)) return null
    if (token.kind !== 'punctuation') continue
    if (')]}'.includes(token.text)) {
      const start = matching.get(at)
      if (start === undefined) return null
      at = start
    } else if (!/^(?:[<>|&,.]|=>)$/.test(token.text)) return null
  }
  return null
}

function nameBefore(code: readonly Token[], matching: Brackets, head: number): string {
  let at = head - 1
  if (isMark(code[at], '>')) at = beforeTypeParameters(code, at)
  while (code[at]?.text === 'async' || code[at]?.text === 'function' || isMark(code[at], '*')) at--
  if (isMark(code[at], '=') || isMark(code[at], ':')) at--
  if (isMark(code[at], ',') || isMark(code[at], '(')) return calleeOf(code, matching, at)
  const token = code[at]
  return token && token.kind !== 'punctuation' ? token.text : '(without a name)'
}

/** `test('title', () => {` gives `test`. */
function calleeOf(code: readonly Token[], matching: Brackets, from: number): string {
  for (let at = from; at > 0; at--) {
    const token = code[at] as Token
    if (token.kind !== 'punctuation') continue
    if (')]}'.includes(token.text)) at = matching.get(at) ?? 0
    else if (token.text === '(') return code[at - 1]?.text ?? '(without a name)'
  }
  return '(without a name)'
}

function beforeTypeParameters(code: readonly Token[], close: number): number {
  let open = 0
  for (let at = close; at > 0; at--) {
    if (isMark(code[at], '>')) open++
    if (isMark(code[at], '<') && --open === 0) return at - 1
  }
  return close
}

/** From each bracket to its partner, both ways. */
type Brackets = ReadonlyMap<number, number>

function matchBrackets(code: readonly Token[]): Brackets {
  const matching = new Map<number, number>()
  const open: number[] = []
  for (const [index, token] of code.entries()) {
    if (token.kind !== 'punctuation') continue
    if (['(', '[', '{', '${'].includes(token.text)) open.push(index)
    else if (')]}'.includes(token.text)) {
      const start = open.pop()
      if (start === undefined) continue
      matching.set(start, index)
      matching.set(index, start)
    }
  }
  return matching
}

function isMark(token: Token | undefined, text: string): boolean {
  return token?.kind === 'punctuation' && token.text === text
}

import type { Token } from './tokenize.ts'

export interface Import {
  readonly specifier: string
  readonly line: number
  /** `import type` and `export type … from`: gone at run time. */
  readonly typeOnly: boolean
}

/** Every `import … from`, `import '…'`, `import('…')` and `export … from` of a source without comments. */
export function importsOf(code: readonly Token[]): readonly Import[] {
  const imports: Import[] = []
  for (const [index, token] of code.entries()) {
    if (token.kind !== 'word' || code[index - 1]?.text === '.') continue
    const specifier =
      token.text === 'import'
        ? specifierOfImport(code, index)
        : token.text === 'export'
          ? specifierOfExport(code, index)
          : undefined
    if (specifier) {
      const typeOnly = isWord(code[index + 1], 'type') && !isWord(code[index + 2], 'from')
      imports.push({ specifier: specifier.text, line: specifier.line, typeOnly })
    }
  }
  return imports
}

function specifierOfImport(code: readonly Token[], index: number): Token | undefined {
  const next = code[index + 1]
  if (next?.kind === 'string') return next
  if (next?.text === '(') return code[index + 2]?.kind === 'string' ? code[index + 2] : undefined
  if (next?.text === '.' || next?.text === ':') return undefined
  return afterFrom(code, index + 1)
}

function specifierOfExport(code: readonly Token[], index: number): Token | undefined {
  const start = isWord(code[index + 1], 'type') ? index + 2 : index + 1
  const first = code[start]?.text
  if (first === '*') return afterFrom(code, start)
  if (first !== '{') return undefined
  const close = code.findIndex(
    (token, at) => at > start && token.text === '}' && token.kind === 'punctuation',
  )
  return isWord(code[close + 1], 'from') ? code[close + 2] : undefined
}

/** The string of the first `from '…'`; a name called `from` is not followed by a string. */
function afterFrom(code: readonly Token[], start: number): Token | undefined {
  for (let at = start; at < code.length; at++) {
    if (code[at]?.text === ';') return undefined
    if (isWord(code[at], 'from') && code[at + 1]?.kind === 'string') return code[at + 1]
  }
  return undefined
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text
}

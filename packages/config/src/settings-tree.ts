export type Path = readonly (string | number)[]

/** Where a value of the configuration was written, and how it may be shown. */
export interface Origin {
  readonly where: string
  /** The text as written, when that is not the value: `${CF_API}`, which may hold a secret. */
  readonly template?: string
  /** What stands before a value there: `CF_API=`, `--start-from `. In a file it is the key. */
  readonly assignment?: string
}

export type Mapping = Record<string, unknown>

/**
 * The configuration as plain values, with where each came from: file, environment and options are laid into one tree
 * before anything is judged, so that every fault of every origin is found at once.
 */
export class SettingsTree {
  root: Mapping
  /** Where the whole comes from, for what has no place of its own. */
  readonly #whole: string
  readonly #origins = new Map<string, Origin>()
  readonly #spoiled = new Set<string>()
  readonly #keyOrigins = new Map<string, Origin>()

  constructor(whole: string) {
    this.root = {}
    this.#whole = whole
  }

  note(path: Path, origin: Origin): void {
    this.#origins.set(JSON.stringify(path), origin)
  }

  noteKey(path: Path, origin: Origin): void {
    this.#keyOrigins.set(JSON.stringify(path), origin)
  }

  /** Of the value at `path`, else of the nearest thing around it. */
  origin(path: Path): Origin {
    for (let length = path.length; length >= 0; length--) {
      const origin = this.#origins.get(JSON.stringify(path.slice(0, length)))
      if (origin !== undefined) return origin
    }
    return { where: this.#whole }
  }

  keyOrigin(path: Path): Origin {
    return this.#keyOrigins.get(JSON.stringify(path)) ?? this.origin(path)
  }

  /** The value at `path` could not be read and has its fault already: nothing more is said about it. */
  spoil(path: Path): void {
    this.#spoiled.add(JSON.stringify(path))
  }

  isSpoiled(path: Path): boolean {
    return this.#spoiled.has(JSON.stringify(path))
  }

  /** Lays a value over the tree, making the mappings and lists on its way. */
  set(path: Path, value: unknown, origin: Origin): void {
    let at: unknown = this.root
    path.slice(0, -1).forEach((step, i) => {
      const next = typeof path[i + 1] === 'number' ? [] : {}
      at = child(at, step) ?? put(at, step, next)
    })
    const last = path.at(-1)
    if (last === undefined) return
    put(at, last, value)
    this.note(path, origin)
  }

  /** Puts a list in place of what is at `path`, each item with the origin it came with. */
  setItems(
    path: Path,
    items: readonly { readonly value: unknown; readonly origin: Origin; readonly isSpoiled: boolean }[],
  ): void {
    this.set(
      path,
      items.map(({ value }) => value),
      this.origin(path),
    )
    items.forEach(({ origin, isSpoiled }, i) => {
      this.note([...path, i], origin)
      if (isSpoiled) this.spoil([...path, i])
      else this.#spoiled.delete(JSON.stringify([...path, i]))
    })
  }

  get(path: Path): unknown {
    return path.reduce<unknown>((at, step) => child(at, step), this.root)
  }
}

function child(at: unknown, step: string | number): unknown {
  if (Array.isArray(at) && typeof step === 'number') return at[step]
  return isMapping(at) && typeof step === 'string' && Object.hasOwn(at, step) ? at[step] : undefined
}

function put(at: unknown, step: string | number, value: unknown): unknown {
  if (Array.isArray(at) && typeof step === 'number') at[step] = value
  else if (isMapping(at)) at[step] = value
  return value
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `foundations[0].api` */
export function pathText(path: Path): string {
  return path
    .map((step, i) => (typeof step === 'number' ? `[${step}]` : i === 0 ? step : `.${step}`))
    .join('')
}

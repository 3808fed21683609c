/**
 * Reads members of a JSON document by type, each under its dotted name, so that every refusal says
 * which key it is about. Not a schema language: what keys mean is said where they are read.
 */
import { jsonText } from '../../kernel/json.ts';

/** Carries a refusal out of nested reads; `parseConfig` turns it into one. */
export class Misconfigured extends Error {
  override readonly name = 'Misconfigured';
}

export type Value = string | number;
/** A column by its name, or by its 0-based place. */
export type NameOrIndex = Value;

export interface NumberRule {
  readonly whole?: boolean;
  readonly from?: number;
  readonly to?: number;
}

const shownCharacters = 120;

function shown(value: unknown): string {
  const text = jsonText(value);
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}

/** One object of the document; remembers which members were asked for. */
export class ConfigReader {
  readonly #members: ReadonlyMap<string, unknown>;
  readonly #path: string;
  readonly #known = new Set<string>();

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Misconfigured(
        `${path || 'the document'} must be an object, and is ${shown(value)}`,
      );
    }
    this.#members = new Map(Object.entries(value));
    this.#path = path;
  }

  pathOf(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  fail(key: string, rule: string): never {
    throw new Misconfigured(`${this.pathOf(key)} ${rule}, and is ${shown(this.#members.get(key))}`);
  }

  /** Null counts as absent. */
  raw(key: string): unknown {
    this.#known.add(key);
    return this.#members.get(key) ?? undefined;
  }

  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    return typeof value === 'string' && value !== ''
      ? value
      : this.fail(key, 'must be a text that is not empty');
  }

  uri(key: string): string | undefined {
    const uri = this.text(key);
    if (uri === undefined || /^s3:\/\/[^/]+/.test(uri)) return uri;
    return this.fail(key, 'must be s3://bucket/key');
  }

  oneOf<T extends string>(key: string, choices: readonly T[]): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const found = choices.find((choice) => choice === value);
    return found ?? this.fail(key, `must be one of ${choices.join(', ')}`);
  }

  flag(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.fail(key, 'must be true or false');
  }

  number(key: string, { whole = false, from, to }: NumberRule = {}): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const low = from ?? Number.NEGATIVE_INFINITY;
    const high = to ?? Number.POSITIVE_INFINITY;
    const fits =
      typeof value === 'number' &&
      value >= low &&
      value <= high &&
      (whole ? Number.isSafeInteger(value) : Number.isFinite(value));
    if (fits) return value;
    const bounds = [from === undefined ? '' : ` from ${from}`, to === undefined ? '' : ` to ${to}`];
    return this.fail(key, `must be a ${whole ? 'whole ' : ''}number${bounds.join('')}`);
  }

  nameOrIndex(key: string): NameOrIndex | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    return isNameOrIndex(value) ? value : this.fail(key, 'must be a name or a 0-based index');
  }

  namesOrIndices(key: string): readonly NameOrIndex[] | undefined {
    const value = this.list(key);
    if (value === undefined) return undefined;
    return value.every(isNameOrIndex)
      ? value
      : this.fail(key, 'must be a list of names or 0-based indices');
  }

  texts(key: string): readonly string[] | undefined {
    const value = this.list(key);
    if (value === undefined) return undefined;
    return value.every((item) => typeof item === 'string')
      ? value
      : this.fail(key, 'must be a list of texts');
  }

  /** A list of numbers and texts, or one of them alone; an empty list counts as absent. */
  values(key: string): readonly Value[] | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (list.length === 0) return undefined;
    return list.every(isValue) ? list : this.fail(key, 'must be a list of numbers or texts');
  }

  list(key: string): readonly unknown[] | undefined {
    const value = this.raw(key);
    if (value === undefined || Array.isArray(value)) return value;
    return this.fail(key, 'must be a list');
  }

  object(key: string): ConfigReader | undefined {
    const value = this.raw(key);
    return value === undefined ? undefined : new ConfigReader(value, this.pathOf(key));
  }

  objects(key: string): readonly ConfigReader[] | undefined {
    // The original takes one object for a list of one.
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    return list.map((item, at) => new ConfigReader(item, `${this.pathOf(key)}[${at}]`));
  }

  /** Keys that mean something in the original and nothing here: asking for them is refused. */
  unbuilt(keys: readonly string[]): void {
    for (const key of keys) {
      if (this.raw(key) === undefined) continue;
      throw new Misconfigured(`${this.pathOf(key)} is not supported by this server`);
    }
  }

  /** Refuses every member that was never asked for. */
  finish(): void {
    for (const key of this.#members.keys()) {
      if (this.#known.has(key)) continue;
      const known = [...this.#known].sort().join(', ');
      throw new Misconfigured(`${this.pathOf(key)} is not a known key; known are ${known}`);
    }
  }
}

function isValue(value: unknown): value is Value {
  return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
}

function isNameOrIndex(value: unknown): value is NameOrIndex {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  return typeof value === 'string' && value !== '';
}

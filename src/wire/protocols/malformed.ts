/** How readers refuse what a client sent, and the trail that tells where they stood. */

/** The request cannot be read as its model says. The protocol gives it a code. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
  /** Whether the body is at fault, and not a header or the URI. */
  readonly inBody: boolean;

  constructor(message: string, { inBody = true }: { readonly inBody?: boolean } = {}) {
    super(message);
    this.inBody = inBody;
  }
}

/** Deepest nesting of values in a request, in any protocol. */
export const depthLimit = 100;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Throws a TypeError for bytes that are no text: replacing them would store what nobody sent. */
export function strictUtf8(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** The place a reader is at: names of members, keys of maps, one-based indexes of lists. */
export class Trail {
  readonly #names: (string | number)[] = [];

  /** Runs `read` one level deeper. Throws `Malformed` past the depth limit. */
  within<T>(name: string | number, read: () => T): T {
    if (this.#names.length >= depthLimit) {
      throw new Malformed(`Values are nested deeper than ${depthLimit} levels.`);
    }
    this.#names.push(name);
    const value = read();
    // Not on the way out of an error: its message has been made, and the trail is not used again.
    this.#names.pop();
    return value;
  }

  refuse(problem: string): never {
    const place = this.#names.length > 0 ? ` (at ${this.#names.join('.')})` : '';
    throw new Malformed(problem + place);
  }
}

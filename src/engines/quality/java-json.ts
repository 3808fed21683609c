/**
 * JSON as the original analyzers print it: doubles the Java way (`1.0`, `1.0E-5`) and Jackson's
 * default layout. Not a parser.
 */

/** `Double.toString` of a recent Java: the shortest digits that round trip. */
export function javaDouble(x: number): string {
  if (Number.isNaN(x)) return 'NaN';
  if (!Number.isFinite(x)) return x > 0 ? 'Infinity' : '-Infinity';
  if (x === 0) return Object.is(x, -0) ? '-0.0' : '0.0';
  const size = Math.abs(x);
  if (size >= 1e-3 && size < 1e7) {
    const plain = String(x);
    return plain.includes('.') ? plain : `${plain}.0`;
  }
  const [digits = '', exponent = ''] = x.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`;
}

/** A number that is a double in the original, whatever its value. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toJSON(): number | string {
    return Number.isFinite(this.value) ? this.value : javaDouble(this.value);
  }
}

export function double(value: number): Double {
  return new Double(value);
}

export type JavaJson =
  | string
  | number
  | boolean
  | null
  | Double
  | readonly JavaJson[]
  | { readonly [key: string]: JavaJson | undefined };

/** Plain numbers print as integers do; members that are undefined are left out. */
export function javaJson(value: JavaJson, depth = 0): string {
  if (value instanceof Double) return doubleText(value.value);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[ ]';
    return `[ ${value.map((item: JavaJson) => javaJson(item, depth)).join(', ')} ]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  if (members.length === 0) return '{ }';
  const pad = '  '.repeat(depth + 1);
  const lines = members.map(
    ([key, member]) => `${pad}${JSON.stringify(key)} : ${javaJson(member ?? null, depth + 1)}`,
  );
  return `{\n${lines.join(',\n')}\n${'  '.repeat(depth)}}`;
}

function doubleText(x: number): string {
  return Number.isFinite(x) ? javaDouble(x) : JSON.stringify(javaDouble(x));
}

/**
 * A second pattern matcher, written for plainness: it interprets the source again for each document
 * and shares no code with the first. Tests compare the two.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Source = { readonly [key: string]: unknown };

/** Whether a valid pattern matches a document. */
export function referenceMatches(pattern: Source, document: Json): boolean {
  return matchesUnder(pattern, document, []);
}

function matchesUnder(pattern: Source, document: Json, path: readonly string[]): boolean {
  return Object.entries(pattern).every(([key, value]) => {
    if (key === '$or' && Array.isArray(value)) {
      return value.some((member) => matchesUnder(member as Source, document, path));
    }
    const here = [...path, key];
    if (!Array.isArray(value)) return matchesUnder(value as Source, document, here);
    const values = valuesAt(document, here.join('.'), '');
    return value.some((matcher) => matchesOne(matcher, values));
  });
}

/** Every leaf whose dotted path is the one wanted. */
function valuesAt(
  document: Json,
  wanted: string,
  path: string,
): (string | number | boolean | null)[] {
  if (Array.isArray(document)) return document.flatMap((each) => valuesAt(each, wanted, path));
  if (typeof document === 'object' && document !== null) {
    return Object.entries(document).flatMap(([key, value]) =>
      valuesAt(value as Json, wanted, path === '' ? key : `${path}.${key}`),
    );
  }
  return path === wanted ? [document as string | number | boolean | null] : [];
}

function matchesOne(matcher: unknown, values: readonly unknown[]): boolean {
  if (typeof matcher !== 'object' || matcher === null) return values.includes(matcher);
  const [[name, argument] = ['', undefined]] = Object.entries(matcher);
  if (name === 'exists') return values.length > 0 === argument;
  if (name !== 'anything-but') return values.some((value) => holds(name, argument, value));
  if (typeof argument === 'object' && !Array.isArray(argument)) {
    const [[inner, wanted] = ['', undefined]] = Object.entries(argument as object);
    const barred: unknown[] = Array.isArray(wanted) ? wanted : [wanted];
    return values.some((value) => barred.every((one) => !holds(inner, one, value)));
  }
  const barred: unknown[] = Array.isArray(argument) ? argument : [argument];
  return values.some((value) => !barred.includes(value));
}

function holds(name: string, argument: unknown, value: unknown): boolean {
  if (name === 'numeric') return holdsNumeric(argument as readonly unknown[], value);
  if (typeof value !== 'string') return false;
  if (typeof argument === 'object' && argument !== null) {
    const folded = (argument as { 'equals-ignore-case': string })['equals-ignore-case'];
    return holds(name, folded.toLowerCase(), value.toLowerCase());
  }
  const wanted = String(argument);
  if (name === 'prefix') return value.slice(0, wanted.length) === wanted;
  if (name === 'suffix') return wanted === '' || value.slice(-wanted.length) === wanted;
  if (name === 'equals-ignore-case') return value.toLowerCase() === wanted.toLowerCase();
  if (name === 'exactly') return value === wanted;
  if (name === 'wildcard') return holdsWildcard(wanted, value);
  return holdsCidr(wanted, value);
}

function holdsNumeric(argument: readonly unknown[], value: unknown): boolean {
  if (typeof value !== 'number') return false;
  for (let i = 0; i < argument.length; i += 2) {
    const n = Number(argument[i + 1]);
    const one = {
      '=': value === n,
      '<': value < n,
      '<=': value <= n,
      '>': value > n,
      '>=': value >= n,
    };
    if (!one[argument[i] as keyof typeof one]) return false;
  }
  return true;
}

/** By trying every split, character by character. */
function holdsWildcard(wanted: string, value: string): boolean {
  if (wanted === '') return value === '';
  if (wanted.startsWith('\\')) {
    return value[0] === wanted[1] && holdsWildcard(wanted.slice(2), value.slice(1));
  }
  if (!wanted.startsWith('*')) {
    return value[0] === wanted[0] && value !== '' && holdsWildcard(wanted.slice(1), value.slice(1));
  }
  for (let i = 0; i <= value.length; i += 1) {
    if (holdsWildcard(wanted.slice(1), value.slice(i))) return true;
  }
  return false;
}

/** Of IPv4 only: the bits as text, compared as far as the mask goes. */
function holdsCidr(wanted: string, value: string): boolean {
  const [network = '', bits = ''] = wanted.split('/');
  const binary = (address: string) =>
    address.split('.').map((octet) => Number(octet).toString(2).padStart(8, '0'));
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(value)) return false;
  const prefix = (address: string) => binary(address).join('').slice(0, Number(bits));
  return prefix(network) === prefix(value);
}

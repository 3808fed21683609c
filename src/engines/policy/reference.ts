/**
 * A second evaluator of policies, for tests and tools only: it reads the rules as the user guide
 * tells them, straight from the JSON, for each question anew. It is slow, and shares no code with
 * the first, so that the two can be compared.
 */
import { BlockList, isIP } from 'node:net';
import type { KeyValue } from '../../kernel/check.ts';
import type { Decision, PolicyKind, PrincipalFacts } from './types.ts';

/** A document as `JSON.parse` gives it. */
export interface Source {
  readonly Version?: string;
  readonly Statement: readonly SourceStatement[];
}

export type SourceStatement = { readonly Effect: string; readonly [element: string]: unknown };

export interface ReferenceQuestion {
  readonly action: string;
  readonly resource: string;
  readonly principal: PrincipalFacts;
  /** Lower-case names; tag keys as written. */
  readonly keys: Readonly<Record<string, KeyValue>>;
}

export interface ReferenceSets {
  readonly identity: readonly Source[];
  readonly boundary?: Source;
  readonly session?: readonly Source[];
  readonly resource?: Source;
  readonly endpoint?: Source;
  readonly owner: string;
  readonly rule: 'beside' | 'trust' | 'key';
}

/** What else has to allow, of one way in which a resource policy allows the caller. */
interface Row {
  readonly identity: boolean;
  readonly ceilings: boolean;
}

export function referenceDecision(
  question: ReferenceQuestion,
  sets: ReferenceSets,
): Pick<Decision, 'effect' | 'because'> {
  const { kind, account } = question.principal;
  const kept = kind === 'user' || kind === 'role' || kind === 'federated';
  const own = (documents: readonly Source[] | undefined) => (kept ? documents : undefined);
  const ways: readonly (readonly [PolicyKind, readonly Source[] | undefined])[] = [
    ['identity-based policy', own(sets.identity)],
    ['resource-based policy', sets.resource && [sets.resource]],
    ['permissions boundary', own(sets.boundary && [sets.boundary])],
    ['session policy', own(sets.session)],
    ['VPC endpoint policy', sets.endpoint && [sets.endpoint]],
  ];
  const says = (effect: string, documents: readonly Source[] | undefined) =>
    documents?.some((source) => applying(question, source, effect).length > 0) ?? false;
  const denying = ways.find(([, documents]) => says('Deny', documents));
  if (denying) return { effect: 'explicitDeny', because: denying[0] };

  const rows = rowsOf(question, sets.resource);
  const passes = new Map(
    ways.map(([name, all]) => [name, all === undefined || says('Allow', all)]),
  );
  const no = (because: PolicyKind) => ({ effect: 'implicitDeny', because }) as const;
  const ceiling = (['permissions boundary', 'session policy'] as const).find((c) => !passes.get(c));
  const identity = kind === 'root' || (kept && passes.get('identity-based policy') === true);
  if (!passes.get('VPC endpoint policy')) return no('VPC endpoint policy');
  if (!kept && kind !== 'root') {
    return rows.some((row) => !row.identity) ? { effect: 'allowed' } : no('resource-based policy');
  }
  if (account !== sets.owner) {
    if (!identity) return no('identity-based policy');
    if (ceiling) return no(ceiling);
    return rows.length > 0 ? { effect: 'allowed' } : no('resource-based policy');
  }
  const ways2: readonly Row[] =
    sets.rule === 'beside' ? [...rows, { identity: true, ceilings: true }] : rows;
  const opened = ways2.filter((row) => !row.identity || identity);
  if (opened.some((row) => !row.ceilings || !ceiling)) return { effect: 'allowed' };
  if (ways2.length === 0) return no('resource-based policy');
  return no(opened.length > 0 && ceiling ? ceiling : 'identity-based policy');
}

function rowsOf(question: ReferenceQuestion, source: Source | undefined): readonly Row[] {
  if (!source) return [];
  return applying(question, source, 'Allow').flatMap((statement) =>
    rowsFor(question.principal, statement['Principal']),
  );
}

function applying(question: ReferenceQuestion, source: Source, effect: string): SourceStatement[] {
  const expands = source.Version === '2012-10-17';
  return source.Statement.filter(
    (statement) =>
      statement.Effect === effect &&
      meansCaller(question.principal, statement) &&
      meansAction(question.action, statement) &&
      meansResource(question, statement, expands) &&
      conditionsHold(question, statement, expands),
  );
}

function list(value: unknown): readonly string[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

function meansCaller(principal: PrincipalFacts, statement: SourceStatement): boolean {
  if (statement['Principal'] !== undefined) {
    return rowsFor(principal, statement['Principal']).length > 0;
  }
  const not = statement['NotPrincipal'];
  if (not === undefined) return true;
  if (not === '*') return false;
  const element = not as Record<string, unknown>;
  if (list(element['AWS']).includes('*')) return false;
  return !isExcepted(principal, element);
}

/** Each of the caller's names has to be there. */
function isExcepted(principal: PrincipalFacts, element: Record<string, unknown>): boolean {
  const { kind, arn, issuerArn, uniqueId, account, service, federatedProvider } = principal;
  const aws = list(element['AWS']);
  if (kind === 'service') return list(element['Service']).includes(service ?? '?');
  const vouched = (kind === 'anonymous' || kind === 'federated') && federatedProvider !== undefined;
  if (vouched && list(element['Federated']).includes(federatedProvider)) return true;
  const wanted: readonly (readonly (string | undefined)[])[] = {
    root: [],
    anonymous: [[undefined]],
    user: [[arn, uniqueId]],
    role: [[arn], [issuerArn, uniqueId]],
    federated: [[arn]],
  }[kind];
  const named = wanted.every((names) => names.some((n) => n !== undefined && aws.includes(n)));
  return named && aws.some((name) => name === account || isRootOf(name, account));
}

function isRootOf(name: string, account: string): boolean {
  return new RegExp(`^arn:[^:]*:iam::${account}:root$`).test(name);
}

function rowsFor(principal: PrincipalFacts, element: unknown): readonly Row[] {
  const whole = { identity: false, ceilings: false };
  if (element === '*') return [whole];
  const { kind, service, federatedProvider } = principal;
  return Object.entries(element as Record<string, unknown>).flatMap(([type, names]) =>
    list(names).flatMap((name): Row[] => {
      if (type === 'AWS') return name === '*' ? [whole] : awsRow(principal, name);
      if (type === 'Service') return kind === 'service' && name === service ? [whole] : [];
      if (kind !== 'anonymous' && kind !== 'federated') return [];
      return type === 'Federated' && name === federatedProvider ? [whole] : [];
    }),
  );
}

function awsRow(principal: PrincipalFacts, name: string): Row[] {
  const { kind, account, arn, issuerArn, uniqueId } = principal;
  if (kind === 'service' || kind === 'anonymous') return [];
  if (name === account || isRootOf(name, account)) return [{ identity: true, ceilings: true }];
  if (kind === 'root') return [];
  if (name === arn) return [{ identity: false, ceilings: false }];
  if (name === uniqueId && kind === 'user') return [{ identity: false, ceilings: false }];
  if (kind !== 'user' && (name === issuerArn || name === uniqueId)) {
    return [{ identity: false, ceilings: true }];
  }
  return [];
}

function meansAction(action: string, statement: SourceStatement): boolean {
  const any = (patterns: readonly string[]) =>
    patterns.some((pattern) => {
      if (pattern === '*') return true;
      const [service = '', name = ''] = pattern.toLowerCase().split(':');
      const [askedService = '', askedName = ''] = action.toLowerCase().split(':');
      return like(marked(service), askedService) && like(marked(name), askedName);
    });
  if (statement['Action'] !== undefined) return any(list(statement['Action']));
  return !any(list(statement['NotAction']));
}

function meansResource(
  question: ReferenceQuestion,
  statement: SourceStatement,
  expands: boolean,
): boolean {
  const any = (patterns: readonly string[]) =>
    patterns.some((pattern) => {
      if (pattern === '*') return true;
      const parts = pattern.split(':');
      const tail = parts.slice(5).join(':');
      const last = expands ? expanded(tail, question) : marked(tail);
      if (last === undefined) return false;
      const heads = parts.slice(0, 5).map(marked);
      const wild = marked('*');
      const [a = wild, b = wild, c = wild, d = wild, e = wild] = heads;
      const wanted = [a, b, c, d, e, parts.length > 5 ? last : wild];
      return likeParts(wanted, question.resource);
    });
  if (statement['Resource'] !== undefined) return any(list(statement['Resource']));
  if (statement['NotResource'] !== undefined) return !any(list(statement['NotResource']));
  return true;
}

/** A character that stands for itself, or a wildcard. */
type Mark = string | { readonly wild: '*' | '?' };

function marked(text: string): readonly Mark[] {
  return [...text].map((c) => (c === '*' || c === '?' ? { wild: c } : c));
}

/** With variables in place, character by character; undefined when one has no value. */
function expanded(text: string, question: ReferenceQuestion): readonly Mark[] | undefined {
  const marks: Mark[] = [];
  for (const part of text.split(/(\$\{[^}]*\})/)) {
    const inside = /^\$\{(.*)\}$/.exec(part)?.[1];
    if (inside === undefined) marks.push(...marked(part));
    else if (inside.length === 1 && '*?$'.includes(inside)) marks.push(inside);
    else {
      const [key = '', fallback] = inside.split(',');
      const value = valueOf(question, key.trim()) ?? fallback?.trim().slice(1, -1);
      if (value === undefined || typeof value === 'object') return undefined;
      marks.push(...String(value));
    }
  }
  return marks;
}

function valueOf({ keys }: ReferenceQuestion, written: string): KeyValue | undefined {
  const [name = '', ...tag] = written.split('/');
  const value = keys[[name.toLowerCase(), ...tag].join('/')];
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}

function like(pattern: readonly Mark[], text: string): boolean {
  const characters = [...text];
  const from = (i: number, j: number): boolean => {
    const mark = pattern[i];
    if (mark === undefined) return j === characters.length;
    if (typeof mark === 'string') return characters[j] === mark && from(i + 1, j + 1);
    if (mark.wild === '?') return j < characters.length && from(i + 1, j + 1);
    return from(i + 1, j) || (j < characters.length && from(i, j + 1));
  };
  return from(0, 0);
}

function likeParts(patterns: readonly (readonly Mark[])[], text: string): boolean {
  const parts = text.split(':');
  if (parts.length < 6 || patterns.length !== 6) return false;
  const six = [...parts.slice(0, 5), parts.slice(5).join(':')];
  return six.every((part, i) => like(patterns[i] ?? [], part));
}

function conditionsHold(
  question: ReferenceQuestion,
  statement: SourceStatement,
  expands: boolean,
): boolean {
  const block = (statement['Condition'] ?? {}) as Record<string, Record<string, unknown>>;
  return Object.entries(block).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) =>
      conditionHolds(question, { operator, key, values: list(values), expands }),
    ),
  );
}

interface Tested {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
  readonly expands: boolean;
}

function conditionHolds(question: ReferenceQuestion, tested: Tested): boolean {
  const [, set, name = '', ifExists] =
    /^(ForAllValues:|ForAnyValue:)?(.*?)(IfExists)?$/.exec(tested.operator) ?? [];
  const value = valueOf(question, tested.key);
  if (name === 'Null')
    return tested.values.some((v) => v.toLowerCase() === `${value === undefined}`);
  const not = name.includes('Not');
  if (value === undefined) {
    if (ifExists || set === 'ForAllValues:') return true;
    return set ? false : not;
  }
  const base = name.replace('Not', '');
  const is = (one: KeyValue) =>
    tested.values.some((listed) => equal(base, { ...tested, value: one, listed, question }));
  const all: readonly KeyValue[] = Array.isArray(value) ? value : [value];
  if (set === 'ForAllValues:') return all.every((one) => is(one) !== not);
  if (set === 'ForAnyValue:') return all.some((one) => is(one) !== not);
  return all.some(is) !== not;
}

interface Equated {
  readonly value: KeyValue;
  readonly listed: string;
  readonly question: ReferenceQuestion;
  readonly expands: boolean;
}

function equal(base: string, { value, listed, question, expands }: Equated): boolean {
  if (base.startsWith('Numeric')) return ordered(base.slice(7), number(value), number(listed));
  if (base.startsWith('Date')) return ordered(base.slice(4), instant(value), instant(listed));
  if (base === 'IpAddress') return inNetwork(value, listed);
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value);
  if (base === 'BinaryEquals') {
    return typeof value === 'object' || typeof value === 'string' ? text === listed : false;
  }
  const pattern = expands ? expanded(listed, question) : marked(listed);
  if (!pattern) return false;
  if (base === 'StringLike') return like(pattern, text);
  if (base.startsWith('Arn')) return listed === '*' || likeParts(splitMarks(pattern), text);
  const plain = pattern.map((mark) => (typeof mark === 'string' ? mark : mark.wild)).join('');
  if (base === 'StringEquals') return plain === text;
  const same = plain.toLowerCase() === text.toLowerCase();
  return base === 'Bool' ? same && /^(true|false)$/i.test(text) : same;
}

/** At the first five colons; none comes from a variable in the questions that are asked. */
function splitMarks(pattern: readonly Mark[]): readonly (readonly Mark[])[] {
  const parts: Mark[][] = [[]];
  for (const mark of pattern) {
    if (mark === ':' && parts.length < 6) parts.push([]);
    else parts.at(-1)?.push(mark);
  }
  return parts;
}

function number(value: KeyValue): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^[-+.\d]+$/.test(value) ? Number(value) : Number.NaN;
}

function instant(value: KeyValue): number {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return Number.NaN;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  return /^\d{4}-/.test(value) ? Date.parse(value) : Number.NaN;
}

function ordered(how: string, value: number, listed: number): boolean {
  if (how === 'Equals') return value === listed;
  if (how === 'LessThan') return value < listed;
  if (how === 'LessThanEquals') return value <= listed;
  return how === 'GreaterThan' ? value > listed : value >= listed;
}

function inNetwork(value: KeyValue, listed: string): boolean {
  const [base = '', bits] = listed.split('/');
  const family = isIP(base) === 6 ? 'ipv6' : 'ipv4';
  if (typeof value !== 'string' || isIP(value) === 0 || isIP(base) !== isIP(value)) return false;
  const network = new BlockList();
  network.addSubnet(base, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  return network.check(value, family);
}

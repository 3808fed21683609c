/** Parameters of the query protocols as a tree: `Tags.member.1.Key=a` is four levels deep. */
import { depthLimit, Malformed } from './malformed.ts';

export interface FormNode {
  value?: string;
  readonly children: ReadonlyMap<string, FormNode>;
}

/** A node that is being made. */
interface Growing extends FormNode {
  children: Map<string, Growing>;
}

/** Of leaves, which most nodes are: a map for each would cost more than all else. Never filled. */
const noChildren = new Map<string, Growing>();

/**
 * Names and values of a form, as `URLSearchParams` reads them, which takes several times as long.
 * What is not proper percent-encoding is left to it.
 */
export function formPairs(text: string): Iterable<readonly [string, string]> {
  if (text.startsWith('?')) return new URLSearchParams(text);
  try {
    return plainPairs(text);
  } catch (cause) {
    if (cause instanceof URIError) return new URLSearchParams(text);
    throw cause;
  }
}

function plainPairs(text: string): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (const part of text.split('&')) {
    const at = part.indexOf('=');
    if (at >= 0) pairs.push([plain(part.slice(0, at)), plain(part.slice(at + 1))]);
    else if (part !== '') pairs.push([plain(part), '']);
  }
  return pairs;
}

function plain(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? decodeURIComponent(spaced) : spaced;
}

/** Most parameters of one request; a full PutMetricData of old clients has tens of thousands. */
const parameterLimit = 200_000;

/** Throws `Malformed` when names are too deep or parameters too many. */
export function formTree(pairs: Iterable<readonly [string, string]>): FormNode {
  const root: Growing = { children: noChildren };
  let count = 0;
  for (const [name, value] of pairs) {
    count += 1;
    if (count > parameterLimit) throw new Malformed(`More than ${parameterLimit} parameters.`);
    const parts = name.split('.', depthLimit + 1);
    if (parts.length > depthLimit) throw new Malformed('A parameter name has too many parts.');
    let node = root;
    for (const part of parts) node = childOf(node, part);
    node.value = value;
  }
  return root;
}

function childOf(node: Growing, name: string): Growing {
  const known = node.children.get(name);
  if (known) return known;
  const child: Growing = { children: noChildren };
  if (node.children === noChildren) node.children = new Map();
  node.children.set(name, child);
  return child;
}

/** Children with a number for a name, in order of the numbers; gaps close up. */
export function indexed(node: FormNode | undefined): FormNode[] {
  return [...(node?.children ?? [])]
    .filter(([name]) => /^\d{1,9}$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child);
}

/** Parameters of the query protocols as a tree: `Tags.member.1.Key=a` is four levels deep. */
import { depthLimit, Malformed } from './malformed.ts';

export interface FormNode {
  value?: string;
  readonly children: Map<string, FormNode>;
}

/** Most parameters of one request; a full PutMetricData of old clients has tens of thousands. */
const parameterLimit = 200_000;

/** Throws `Malformed` when names are too deep or parameters too many. */
export function formTree(pairs: Iterable<readonly [string, string]>): FormNode {
  const root: FormNode = { children: new Map() };
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

function childOf(node: FormNode, name: string): FormNode {
  const known = node.children.get(name);
  if (known) return known;
  const child: FormNode = { children: new Map() };
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

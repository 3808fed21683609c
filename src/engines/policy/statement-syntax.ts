/**
 * The elements of one statement, taken apart: which there may be, and of what type each is. What
 * must be there and what it may say is checked in `parse.ts`, in the order of the original.
 */
import { conditionsOf } from './condition-syntax.ts';
import type { Json } from './json-text.ts';
import { Malformed, syntaxError } from './malformed.ts';
import type { Condition, PolicyUse } from './types.ts';

/** A statement of the right shape, as it is written. */
export interface Draft {
  readonly json: Json;
  readonly sid: string | undefined;
  readonly effect: string;
  readonly principal: Json | undefined;
  readonly notPrincipal: Json | undefined;
  readonly actions: readonly string[] | undefined;
  readonly notActions: readonly string[] | undefined;
  readonly resources: readonly string[] | undefined;
  readonly notResources: readonly string[] | undefined;
  readonly conditions: readonly Condition[];
}

const elements = new Set([
  ...['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction'],
  ...['Resource', 'NotResource', 'Condition'],
]);
const exclusive = ['Action', 'Resource', 'Principal'] as const;

/** Throws `Malformed`. */
export function draftOf(json: Json, use: PolicyUse): Draft {
  if (json.kind !== 'object') throw syntaxError(json, 'a statement is an object');
  const { members } = json;
  for (const [name, value] of members) {
    if (!elements.has(name)) throw syntaxError(value, `a statement has no element ${name}`);
  }
  for (const name of exclusive) {
    const not = members.get(`Not${name}`);
    if (not && members.has(name))
      throw syntaxError(not, `${name} and Not${name} exclude each other`);
  }
  const sid = members.get('Sid');
  if (sid && sid.kind !== 'text') throw syntaxError(sid, 'Sid is a string');
  return {
    json,
    sid: sid?.text,
    effect: effectOf(json, members.get('Effect'), use),
    principal: members.get('Principal'),
    notPrincipal: members.get('NotPrincipal'),
    actions: textsOf('Action', members),
    notActions: textsOf('NotAction', members),
    resources: textsOf('Resource', members),
    notResources: textsOf('NotResource', members),
    conditions: conditionsOf(members.get('Condition'), use),
  };
}

/** In any case: what is not spelled right fails later, in other words. */
function effectOf(statement: Json, effect: Json | undefined, use: PolicyUse): string {
  if (!effect) {
    const missing = 'Missing required field Effect';
    if (use === 'identity') throw syntaxError(statement, missing);
    throw new Malformed(missing, statement.at.start);
  }
  if (effect.kind !== 'text' || !/^(allow|deny)$/i.test(effect.text)) {
    throw syntaxError(effect, 'Effect is Allow or Deny');
  }
  return effect.text;
}

function textsOf(name: string, members: ReadonlyMap<string, Json>): readonly string[] | undefined {
  const json = members.get(name);
  if (!json) return undefined;
  const items = json.kind === 'list' ? json.items : [json];
  return items.map((item) => {
    if (item.kind === 'text') return item.text;
    throw syntaxError(item, `${name} is a string or a list of strings`);
  });
}

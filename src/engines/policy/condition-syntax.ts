/** Condition blocks as they are written. */
import { isOperator } from './conditions.ts';
import type { Json } from './json-text.ts';
import { Malformed, syntaxError } from './malformed.ts';
import type { Condition, PolicyUse } from './types.ts';

const sets = { 'ForAllValues:': 'all', 'ForAnyValue:': 'any' } as const;
const ifExistsSuffix = 'IfExists';

/** In the order of the text. Throws `Malformed`. */
export function conditionsOf(block: Json | undefined, use: PolicyUse): readonly Condition[] {
  if (!block) return [];
  if (block.kind !== 'object') throw syntaxError(block, 'Condition is an object');
  return [...block.members].flatMap(([name, keys]) => {
    if (keys.kind !== 'object') throw syntaxError(keys, `${name} is an object of keys`);
    const operator = operatorOf(name, keys, use);
    return [...keys.members].map(([key, values]) => ({
      ...operator,
      key,
      values: textsOf(values),
    }));
  });
}

function operatorOf(
  name: string,
  at: Json,
  use: PolicyUse,
): Pick<Condition, 'operator' | 'set' | 'ifExists'> {
  const prefix = (['ForAllValues:', 'ForAnyValue:'] as const).find((each) => name.startsWith(each));
  const bare = name.slice(prefix?.length ?? 0);
  const ifExists = bare.endsWith(ifExistsSuffix);
  const operator = ifExists ? bare.slice(0, -ifExistsSuffix.length) : bare;
  if (!isOperator(operator) || (operator === 'Null' && ifExists)) {
    const told = `Invalid Condition type : ${name}.`;
    throw use === 'resource' ? new Malformed(told, at.at.start) : syntaxError(at, told);
  }
  return { operator, ifExists, ...(prefix ? { set: sets[prefix] } : {}) };
}

/** Numbers and booleans count as they are written. */
function textsOf(json: Json): readonly string[] {
  const items = json.kind === 'list' ? json.items : [json];
  return items.map((item) => {
    if (item.kind === 'text' || item.kind === 'literal') return item.text;
    throw syntaxError(item, 'a condition value is a string, a number, a boolean or a list of them');
  });
}

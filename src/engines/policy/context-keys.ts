/** Which condition keys a policy looks at: in its conditions, and in its variables. */
import { operators } from './operators.ts';
import { lowerAscii } from './text.ts';
import type { Condition, PolicyDocument } from './types.ts';
import { variablesIn } from './variables.ts';

/** As they are written, each once whatever its case, in the order of the document. */
export function contextKeysOf(document: PolicyDocument): readonly string[] {
  const keys = new Map<string, string>();
  const add = (written: string) => {
    const lower = lowerAscii(written);
    if (!keys.has(lower)) keys.set(lower, written);
  };
  const variables = document.version === '2012-10-17';
  for (const { resources, notResources, conditions } of document.statements) {
    if (variables) {
      for (const resource of resources ?? notResources ?? []) {
        // Most have none.
        if (resource.includes('${')) variablesIn(resourcePart(resource)).forEach(add);
      }
    }
    for (const condition of conditions) {
      add(condition.key);
      if (variables && hasVariables(condition)) condition.values.flatMap(variablesIn).forEach(add);
    }
  }
  return [...keys.values()];
}

/** What follows the fifth colon: only there are variables read. */
function resourcePart(resource: string): string {
  return resource.split(':').slice(5).join(':');
}

function hasVariables({ operator }: Condition): boolean {
  return operators.get(operator)?.variables ?? false;
}

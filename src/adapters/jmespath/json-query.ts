/** JMESPath over the implementation of its community; simple JSONPath is put into its words. */
import { compile, type JSONValue, TreeInterpreter } from '@jmespath-community/jmespath';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { JsonQuery } from '../../ports/json-query.ts';

/** Longer ones are a mistake or an attack. */
const longestExpression = 4_096;

export function jmespathQuery(): JsonQuery {
  return {
    compile(expression) {
      if (expression.length > longestExpression) {
        return refuse(`the expression is longer than ${longestExpression} characters`);
      }
      const translated = inJmespath(expression.trim());
      return translated.ok ? compiled(translated.value) : translated;
    },
  };
}

function compiled(expression: string): Outcome<(document: unknown) => unknown> {
  try {
    const tree = compile(expression);
    return ok((document) => {
      try {
        return TreeInterpreter.search(tree, document as JSONValue);
      } catch {
        // A function that meets a value of another type picks nothing, as a path does.
        return null;
      }
    });
  } catch (cause) {
    return refuse(`the expression ${expression} is malformed: ${reasonOf(cause)}`);
  }
}

/** JSONPath's root and quoted members; its filters, slices of steps and descents have no equal. */
function inJmespath(expression: string): Outcome<string> {
  if (!expression.startsWith('$')) return ok(expression);
  if (expression === '$') return ok('@');
  const unsupported = /\.\.|\[\?|@|\$(?!$).*\$/.test(expression.slice(1));
  if (unsupported) {
    return refuse(`the JSONPath ${expression} uses more than members, indices and [*]`);
  }
  const quoted = expression
    .slice(1)
    .replace(/\[(['"])((?:(?!\1)[^\\"])*)\1\]/g, (_, _quote: string, name: string) => `."${name}"`);
  return ok(quoted.replace(/^\./, '').replace(/\.\*/g, '.*'));
}

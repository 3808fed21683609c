/** What the policy of a secret must look like. */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { parsePolicy } from '../policy/parse.ts';
import { glob, piecesOf } from '../policy/patterns.ts';
import type { PolicyDocument } from '../policy/types.ts';

/** Refused with the reason. Without an ARN any resource will do. */
export function readSecretPolicy(text: string, arn?: string): Outcome<PolicyDocument> {
  const parsed = parsePolicy(text, 'resource');
  if (!parsed.ok) return parsed;
  for (const { actions, notActions, resources, notResources } of parsed.value.statements) {
    const named = actions ?? notActions ?? [];
    const odd = named.find((action) => !/^(\*$|secretsmanager:)/i.test(action));
    if (odd !== undefined) return refuse(`Policy has an action of another service: ${odd}`);
    const about = resources ?? notResources ?? [];
    const other = about.find((pattern) => arn !== undefined && !glob(piecesOf(pattern))(arn));
    if (other !== undefined) return refuse(`Policy is about another resource: ${other}`);
  }
  return ok(parsed.value);
}

/**
 * Policy documents of a snapshot, each read, compiled and examined once: many principals have the
 * same ones.
 */
import type { KeyValue } from '../../kernel/check.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { publicPolicy } from '../identity/public-policies.ts';
import { actionMatcher } from '../policy/actions.ts';
import { compilePolicy } from '../policy/compile.ts';
import { type Finding, findingsIn } from '../policy/findings.ts';
import { parsePolicy } from '../policy/parse.ts';
import { lowerAscii } from '../policy/text.ts';
import type { CompiledPolicy, PolicyUse } from '../policy/types.ts';
import type { Snapshot } from './types.ts';

export type Keys = Readonly<Record<string, KeyValue>>;

export interface Documents {
  compiled(text: string, use: PolicyUse): Outcome<CompiledPolicy>;
  /** Refused when there is no such policy. */
  managed(arn: string): Outcome<CompiledPolicy>;
  /** Of a text that can be read. `account`: the one that the policy is for. */
  findings(text: string, use: PolicyUse, account: string): readonly Finding[];
}

export function makeDocuments({ policies }: Pick<Snapshot, 'policies'>): Documents {
  const byText = new Map<string, Outcome<CompiledPolicy>>();
  const byArn = new Map<string, Outcome<CompiledPolicy>>();
  const examined = new Map<string, readonly Finding[]>();

  function compiled(text: string, use: PolicyUse): Outcome<CompiledPolicy> {
    return kept(byText, `${use} ${text}`, () => {
      const parsed = parsePolicy(text, use);
      return parsed.ok ? ok(compilePolicy(parsed.value)) : parsed;
    });
  }

  function textOf(arn: string): string | undefined {
    const row = policies.get(arn);
    return row ? row.versions[row.defaultVersion]?.document : publicPolicy(arn)?.document;
  }

  return {
    compiled,
    managed: (arn) =>
      kept(byArn, arn, () => {
        const text = textOf(arn);
        if (text === undefined) return refuse(`there is no policy ${arn}`);
        return compiled(text, 'identity');
      }),
    findings: (text, use, account) =>
      kept(examined, `${use} ${account} ${text}`, () => {
        const made = compiled(text, use);
        return made.ok ? findingsIn(made.value.document, use, { account }) : [];
      }),
  };
}

function kept<T>(among: Map<string, T>, key: string, make: () => T): T {
  const found = among.get(key);
  if (found !== undefined) return found;
  const made = make();
  among.set(key, made);
  return made;
}

const about = new WeakMap<CompiledPolicy, Map<string, boolean>>();

/** Whether any statement could allow the action, on some resource and in some request. */
export function couldAllow(policy: CompiledPolicy, action: string): boolean {
  const known = about.get(policy) ?? new Map<string, boolean>();
  about.set(policy, known);
  return kept(known, action, () => statementsAllowing(policy, [action]).length > 0);
}

/** The statements that allow any of the actions. */
export function statementsAllowing({ document }: CompiledPolicy, actions: readonly string[]) {
  const lower = actions.map(lowerAscii);
  return document.statements.filter(({ effect, actions: named, notActions = [] }) => {
    if (effect !== 'Allow') return false;
    const matches = actionMatcher(named ?? notActions);
    return lower.some((action) => matches(action) === (named !== undefined));
  });
}

/** Fills the gaps of templates. What is put in was checked before: it is plain text. */
import { formatArn, parseArn } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import type { Conditions, Facts, ListName, StatementTemplate } from './types.ts';

export const policyVersion = '2012-10-17';

/** The document of an activity, indented; undefined when nothing of it is left. */
export function documentOf(
  templates: readonly StatementTemplate[],
  facts: Facts,
): string | undefined {
  const statements = templates.flatMap((template) => statementOf(template, facts) ?? []);
  if (statements.length === 0) return undefined;
  return indented({ Version: policyVersion, Statement: statements });
}

export function indented(document: unknown): string {
  return JSON.stringify(document, null, 2);
}

function statementOf(template: StatementTemplate, facts: Facts): object | undefined {
  const { onlyWith } = template;
  const bound = (to: 'vpc' | 'keys') => (to === 'vpc' ? facts.inVpc : facts.withKeys);
  if (onlyWith && !onlyWith.some(bound)) return undefined;
  const resources = template.resources.flatMap((text) => resourcesOf(text, facts));
  if (resources.length === 0) return undefined;
  const conditions = [
    template.conditions,
    facts.inVpc ? template.inVpc : undefined,
    facts.withKeys ? template.withKeys : undefined,
  ];
  const joined = join(conditions, facts);
  return {
    Sid: template.sid,
    Effect: 'Allow',
    Action: template.actions.length === 1 ? template.actions[0] : template.actions,
    Resource: resources.length === 1 ? resources[0] : resources,
    ...(Object.keys(joined).length > 0 ? { Condition: joined } : {}),
  };
}

/** Two lists may name the same key: it is written once. */
function resourcesOf(text: string, facts: Facts): readonly string[] {
  return [...new Set(filled(text, facts).map((one) => arnOf(one, facts)))];
}

/** `s3:::b/*` and `sagemaker:*:1:model/*` become ARNs; `*` and whole ARNs stay. */
export function arnOf(text: string, { partition }: Facts): string {
  if (text === '*' || parseArn(text).ok) return text;
  const [service = '', region = '', account = '', ...rest] = text.split(':');
  return formatArn({ partition, region, account }, service, rest.join(':'));
}

function join(
  conditions: readonly (Conditions | undefined)[],
  facts: Facts,
): Record<string, Record<string, string | string[]>> {
  const joined: Record<string, Record<string, string | string[]>> = {};
  for (const one of conditions) {
    for (const [operator, keys] of Object.entries(one ?? {})) {
      joined[operator] ??= {};
      for (const [key, values] of Object.entries(keys)) {
        const all = values.flatMap((value) => filled(value, facts));
        Object.assign(joined[operator], { [key]: all.length === 1 ? all[0] : all });
      }
    }
  }
  return joined;
}

const listGap = /\[\[(\w+)\]\]/;

function filled(text: string, facts: Facts): readonly string[] {
  const one = text.replaceAll('{{account}}', facts.account).replaceAll('{{region}}', facts.region);
  const gap = listGap.exec(one);
  if (!gap) return [one];
  const [whole, name = ''] = gap;
  const values = defined(facts.lists[name as ListName], `the list ${name} of a template`);
  return values.flatMap((value) => filled(one.replaceAll(whole, value), facts));
}

/** What can be wrong with the actions of a statement: none such exist, or they are too many. */
import { actionsMatching, catalogue } from './findings-catalogue.ts';
import { covers } from './findings-globs.ts';
import { type Draft, type Examined, type Rule } from './findings-types.ts';
import type { Statement } from './types.ts';

export const actionRules: readonly Rule[] = [
  unknownActions,
  exceptions,
  everything,
  passedRoles,
  redundantActions,
];

const listed = ({ actions, notActions }: Statement) => actions ?? notActions ?? [];

function* unknownActions(statement: Statement): Iterable<Draft> {
  for (const action of listed(statement)) {
    if (action === '*') continue;
    const [prefix = ''] = action.split(':');
    if (!catalogue().hasService(prefix)) {
      yield {
        severity: 'error',
        code: 'INVALID_SERVICE_IN_ACTION',
        message: `There is no service ${prefix}, which the action ${action} names.`,
      };
      continue;
    }
    const found = actionsMatching(action);
    if (found === undefined || found.length > 0) continue;
    yield /[*?]/.test(action) ? matchesNothing(action) : unknown(action);
  }
}

function matchesNothing(action: string): Draft {
  return {
    severity: 'warning',
    code: 'ACTION_MATCHES_NOTHING',
    message: `No action matches ${action}.`,
  };
}

function unknown(action: string): Draft {
  const near = nearest(action);
  return {
    severity: 'error',
    code: 'INVALID_ACTION',
    message: `There is no action ${action}.${near ? ` Did you mean ${near}?` : ''}`,
  };
}

/** More edits than this make another name of it. */
const farthest = 3;
const longestName = 100;

function nearest(action: string): string | undefined {
  const [prefix = '', name = ''] = action.split(':');
  if (name.length > longestName) return undefined;
  let best: { readonly action: string; readonly edits: number } | undefined;
  for (const { action: known } of catalogue().actionsOf(prefix) ?? []) {
    const other = known.slice(prefix.length + 1);
    if (Math.abs(other.length - name.length) > farthest) continue;
    const edits = editsBetween(name.toLowerCase(), other.toLowerCase());
    if (edits <= farthest && edits < (best?.edits ?? farthest + 1)) best = { action: known, edits };
  }
  return best?.action;
}

/** Levenshtein's distance. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const before = row;
    row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row[b.length] ?? 0;
}

function* exceptions({ effect, notActions, notResources }: Statement) {
  if (effect !== 'Allow') return;
  if (notActions) {
    yield security(
      'ALLOW_WITH_NOT_ACTION',
      'Allow with NotAction allows every action but these, those of services to come included.',
    );
  }
  if (notResources) {
    yield security(
      'ALLOW_WITH_NOT_RESOURCE',
      'Allow with NotResource allows the actions on every resource but these.',
    );
  }
}

function* everything({ effect, actions, resources, conditions }: Statement, { use }: Examined) {
  if (effect !== 'Allow' || !actions || conditions.length > 0) return;
  const all = actions.some((action) => action === '*' || action === '*:*');
  if (use === 'identity' && all && resources?.includes('*')) {
    yield security('STAR_ON_STAR', 'Every action on every resource is allowed: an administrator.');
    return;
  }
  const services = actions.filter((action) => /^[a-z0-9-]+:\*$/i.test(action));
  if (use !== 'identity' || services.length === 0 || !resources?.includes('*')) return;
  yield {
    severity: 'warning' as const,
    code: 'SERVICE_STAR_ON_STAR',
    message: `Every action of ${services.join(', ')} on every resource is allowed.`,
  };
}

const passRole = 'iam:passrole';

function* passedRoles({ effect, actions, resources, notResources, conditions }: Statement) {
  const pattern = actions?.find((action) => covers(action.toLowerCase(), passRole));
  if (effect !== 'Allow' || pattern === undefined || pattern === '*') return;
  const wide = resources?.filter(isEveryRole) ?? [];
  if (wide.length === 0 && !notResources) return;
  const limited = conditions.some(({ key }) => /^iam:(passedtoservice|associated)/i.test(key));
  const code = /[*?]/.test(pattern)
    ? 'PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE'
    : notResources
      ? 'PASS_ROLE_WITH_NOT_RESOURCE'
      : 'PASS_ROLE_WITH_STAR_IN_RESOURCE';
  const to = limited ? '' : ' to any service';
  yield security(
    code,
    `${pattern} on ${wide[0] ?? 'all but some roles'} lets the caller pass any role${to}, ` +
      'one with more rights than its own among them: name the roles.',
  );
}

function isEveryRole(resource: string): boolean {
  const [, , service = '*', , , ...rest] = resource.split(':');
  return resource === '*' || (service === 'iam' && covers(rest.join(':'), 'role/*'));
}

function* redundantActions(statement: Statement): Iterable<Draft> {
  const actions = listed(statement).map((action) => action.toLowerCase());
  if (actions.length > mostActions) return;
  const extra = actions.filter((action, at) =>
    actions.some((other, i) => i !== at && covers(other, action) && (other !== action || i < at)),
  );
  if (extra.length === 0) return;
  yield {
    severity: 'suggestion',
    code: 'REDUNDANT_ACTION',
    message: `Another action of the statement covers ${extra.slice(0, 3).join(', ')}.`,
  };
}

/** Longer lists are not compared with themselves. */
const mostActions = 500;

function security(code: string, message: string): Draft {
  return { severity: 'security', code, message };
}

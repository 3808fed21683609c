/**
 * Policy documents read and checked against the grammar of their use, in the order and the words of
 * the original. What is legal but unwise is in `findings.ts`; quotas are the façades' business.
 */
import { assert, defined } from '../../kernel/assert.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { instantOf } from './instants.ts';
import { type Json, readJson, readPlainJson, type Span } from './json-text.ts';
import { documentCharactersLimit } from './limits.ts';
import { Malformed, syntaxError } from './malformed.ts';
import { principalsOf } from './principal-syntax.ts';
import { failsLegacyParsing, resourceRefusal } from './resource-syntax.ts';
import { type Draft, draftOf } from './statement-syntax.ts';
import type { PolicyDocument, PolicyUse, Position, Statement } from './types.ts';

/** Refuses with the words that MalformedPolicyDocument has for it. */
export function parsePolicy(text: string, use: PolicyUse): Outcome<PolicyDocument> {
  const read = quickReading(text, use) ?? reading(text, use);
  return read instanceof Malformed ? refuse(read.message) : ok(read);
}

/** What is wrong with a document, more closely than the original tells. */
export interface Diagnosis {
  readonly reason: string;
  readonly detail?: string;
  readonly position: Position;
}

/** Undefined for a document that `parsePolicy` takes. */
export function diagnosePolicy(text: string, use: PolicyUse): Diagnosis | undefined {
  const read = reading(text, use);
  if (!(read instanceof Malformed)) return undefined;
  const { message: reason, detail, offset } = read;
  const position = positionsIn(text)(offset);
  return { reason, position, ...(detail === undefined ? {} : { detail }) };
}

/** Managed policies must be of the version that has variables; others may be of the older one. */
export function versionRefusal({ version }: PolicyDocument): string | undefined {
  if (version === '2012-10-17') return undefined;
  return 'Policy document must be version 2012-10-17 or greater.';
}

function reading(text: string, use: PolicyUse): PolicyDocument | Malformed {
  try {
    assertReadable(text, use);
    return documentOf(positioned(text), { text, use });
  } catch (cause) {
    if (cause instanceof Malformed) return cause;
    throw cause;
  }
}

/** Undefined for what has to be read closely, to be taken or to be refused. */
function quickReading(text: string, use: PolicyUse): PolicyDocument | undefined {
  try {
    assertReadable(text, use);
    const json = readPlainJson(text);
    return json && documentOf(json, { text, use });
  } catch (cause) {
    if (cause instanceof Malformed) return undefined;
    throw cause;
  }
}

/** Throws `Malformed` for what is not JSON. */
function positioned(text: string): Json {
  const json = readJson(text);
  if (json.ok) return json.value;
  const offset = 'offset' in json ? json.offset : 0;
  throw new Malformed('Syntax errors in policy.', offset, json.reason);
}

interface Written {
  readonly text: string;
  readonly use: PolicyUse;
}

function documentOf(json: Json, { text, use }: Written): PolicyDocument {
  const { version, id, drafts } = partsOf(json, use);
  assertLegacy(drafts, use);
  assertSids(drafts, use);
  assertActionsPresent(drafts, use);
  assertResources(drafts, use);
  for (const draft of drafts) assertActions(draft);
  for (const draft of drafts) assertElements(draft, use);
  const ends = endsIn(text);
  const statements = drafts.map((draft, index) => statementOf(draft, { index, ends }));
  return { version, statements, ...(id === undefined ? {} : { id }) };
}

// Resources of resource policies may be named in any script; those of the account's own may not.
const unreadable = /[^\t\n\r\u0020-\u00ff]/;

function assertReadable(text: string, use: PolicyUse): void {
  if (text.length > documentCharactersLimit) {
    throw new Malformed(`The policy is longer than ${documentCharactersLimit} characters.`, 0);
  }
  const at = use === 'identity' ? text.search(unreadable) : -1;
  if (at === -1) return;
  const told = 'The specified value for policyDocument is invalid.';
  throw new Malformed(`${told} It must contain only printable ASCII characters.`, at);
}

interface Parts {
  readonly version: PolicyDocument['version'];
  readonly id: string | undefined;
  readonly drafts: readonly Draft[];
}

function partsOf(json: Json, use: PolicyUse): Parts {
  if (json.kind !== 'object') throw syntaxError(json, 'a policy is an object');
  const { members } = json;
  for (const [name, value] of members) {
    if (name !== 'Version' && name !== 'Id' && name !== 'Statement') {
      throw syntaxError(value, `a policy has no element ${name}`);
    }
  }
  const id = members.get('Id');
  if (id && id.kind !== 'text') throw syntaxError(id, 'Id is a string');
  const statement = members.get('Statement');
  if (!statement) throw syntaxError(json, 'a policy has a Statement');
  const items = itemsOf(statement);
  if (items.length === 0) throw syntaxError(statement, 'there is no statement');
  const drafts = items.map((item) => draftOf(item, use));
  return { version: versionOf(members.get('Version')), id: id?.text, drafts };
}

function itemsOf(json: Json): readonly Json[] {
  return json.kind === 'list' ? json.items : [json];
}

/** Without one it is the older, in which variables are plain text. */
function versionOf(json: Json | undefined): PolicyDocument['version'] {
  if (!json) return '2008-10-17';
  const text = json.kind === 'text' ? json.text : '';
  if (text === '2012-10-17' || text === '2008-10-17') return text;
  throw syntaxError(json, 'Version is "2012-10-17" or "2008-10-17"');
}

function assertLegacy(drafts: readonly Draft[], use: PolicyUse): void {
  for (const draft of drafts) {
    const spelled = draft.effect === 'Allow' || draft.effect === 'Deny';
    if (!spelled) throw legacy(draft, 'Effect is spelled Allow or Deny');
    for (const { operator, values } of draft.conditions) {
      const wrong = operator.startsWith('Date')
        ? values.find((value) => instantOf(value) === undefined)
        : undefined;
      if (wrong !== undefined) throw legacy(draft, `${wrong} is no date`);
    }
  }
  for (const draft of drafts) {
    const named = resourcesOf(draft);
    const wrong = use === 'identity' ? named.find(failsLegacyParsing) : undefined;
    // The first that is no ARN at all is told about later, in words of its own.
    if (wrong === undefined || named.some((each) => resourceRefusal(each))) continue;
    throw legacy(draft, `${wrong} is no ARN`);
  }
}

function legacy({ json }: Draft, detail: string): Malformed {
  return new Malformed('The policy failed legacy parsing', json.at.start, detail);
}

/** At most one of the two is there. */
function resourcesOf({ resources, notResources }: Draft): readonly string[] {
  return resources ?? notResources ?? [];
}

function assertSids(drafts: readonly Draft[], use: PolicyUse): void {
  const seen = new Set<string>();
  for (const { sid = '', json } of drafts) {
    if (use !== 'resource' && !/^[0-9A-Za-z]*$/.test(sid)) {
      const rule = 'Check that your input satisfies the regular expression [0-9A-Za-z]*';
      const told = `Statement IDs (SID) must be alpha-numeric. ${rule}`;
      throw new Malformed(told, json.at.start);
    }
    if (sid !== '' && seen.has(sid)) {
      const told = 'Statement IDs (SID) in a single policy must be unique.';
      throw new Malformed(told, json.at.start, sid);
    }
    seen.add(sid);
  }
}

function assertActionsPresent(drafts: readonly Draft[], use: PolicyUse): void {
  for (const { actions, notActions, json } of drafts) {
    const none = 'Policy statement must contain actions.';
    if (!actions && !notActions && use === 'resource') {
      throw new Malformed('Missing required field Action', json.at.start);
    }
    if ((actions ?? notActions ?? []).length === 0) throw new Malformed(none, json.at.start);
  }
}

function assertResources(drafts: readonly Draft[], use: PolicyUse): void {
  if (use === 'trust') return;
  for (const draft of drafts) {
    for (const resource of resourcesOf(draft)) {
      const refusal = resourceRefusal(resource);
      if (refusal !== undefined) throw new Malformed(refusal, draft.json.at.start);
    }
  }
}

function assertActions({ actions, notActions, json }: Draft): void {
  for (const action of actions ?? notActions ?? []) {
    const [vendor = '', ...names] = action.split(':');
    const at = json.at.start;
    if (names.length === 0 && vendor !== '*') {
      const examples = 'e.g., iam, sdb, ec2, etc.';
      throw new Malformed(
        `Actions/Conditions must be prefaced by a vendor, ${examples}`,
        at,
        action,
      );
    }
    if (names.length > 1) {
      throw new Malformed('Actions/Condition can contain only one colon.', at, action);
    }
    if (vendor !== '*' && !/^[A-Za-z0-9.-]*$/.test(vendor)) {
      throw new Malformed(`Vendor ${vendor} is not valid`, at);
    }
  }
}

/** What a use demands and what it bars. */
function assertElements(draft: Draft, use: PolicyUse): void {
  const { json, actions, resources, notResources, principal, notPrincipal, effect } = draft;
  const malformed = (message: string) => new Malformed(message, json.at.start);
  if (use === 'trust') {
    const assuming = actions?.every((action) => /^sts:/i.test(action));
    if (!assuming) throw malformed('AssumeRole policy may only specify STS AssumeRole actions.');
    if (resources) throw malformed('Has prohibited field Resource');
    if (notResources) throw malformed('Has prohibited field NotResource');
    if (notPrincipal) throw malformed('Has prohibited field NotPrincipal');
  } else if ((resources ?? notResources ?? []).length === 0) {
    const identity = use === 'identity';
    const told = identity ? 'Policy statement must contain resources.' : missingResource;
    throw malformed(told);
  }
  if (use === 'identity') {
    if (principal || notPrincipal)
      throw malformed('Policy document should not specify a principal.');
    return;
  }
  if (!principal && !notPrincipal) throw malformed('Missing required field Principal');
  if (notPrincipal && effect === 'Allow') {
    throw malformed('Allow with NotPrincipal is not supported: it would let in everybody else.');
  }
}

const missingResource = 'Missing required field Resource';

interface Placed {
  readonly index: number;
  readonly ends: (index: number) => Ends;
}

function statementOf(draft: Draft, { index, ends }: Placed): Statement {
  const { sid, effect, actions, notActions, resources, notResources, conditions } = draft;
  const { principal, notPrincipal } = draft;
  assert(effect === 'Allow' || effect === 'Deny', `effect ${effect}`);
  return {
    index,
    ...(sid === undefined ? {} : { sid }),
    effect,
    ...(principal ? { principals: principalsOf(principal) } : {}),
    ...(notPrincipal ? { notPrincipals: principalsOf(notPrincipal) } : {}),
    ...(actions ? { actions } : {}),
    ...(notActions ? { notActions } : {}),
    ...(resources ? { resources } : {}),
    ...(notResources ? { notResources } : {}),
    conditions,
    get start() {
      return ends(index).start;
    },
    get end() {
      return ends(index).end;
    },
  };
}

type Ends = Pick<Statement, 'start' | 'end'>;

/** Where the statements stand, looked for when it is first asked: decisions never do. */
function endsIn(text: string): (index: number) => Ends {
  let all: readonly Ends[] | undefined;
  return (index) => {
    all ??= endsOf(text);
    return defined(all[index], `statement ${index}`);
  };
}

function endsOf(text: string): readonly Ends[] {
  const json = positioned(text);
  assert(json.kind === 'object', 'a policy is an object');
  const position = positionsIn(text);
  const ends = ({ start, end }: Span) => ({ start: position(start), end: position(end) });
  return itemsOf(defined(json.members.get('Statement'), 'Statement')).map(({ at }) => ends(at));
}

/** Positions of offsets that are asked for in any order. */
function positionsIn(text: string): (offset: number) => Position {
  const lines = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.push(at + 1);
  return (offset) => {
    let line = 0;
    let above = lines.length;
    while (above - line > 1) {
      const middle = (line + above) >> 1;
      if ((lines[middle] ?? 0) <= offset) line = middle;
      else above = middle;
    }
    return { line: line + 1, column: offset - (lines[line] ?? 0) + 1 };
  };
}

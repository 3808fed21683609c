/** Trails by their names and ARNs. */
import { type TrailRow, trailKey, trailRows } from '../../engines/trail/digests/rows.ts';
import { type Arn, formatArn, parseArn, type Scope } from '../../kernel/arn.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { Call } from '../../wire/operation.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';

const shortestName = 3;
const longestName = 128;

/** Source: "Naming requirements for CloudTrail resources". Throws `InvalidTrailNameException`. */
export function assertName(name: string): void {
  const rule = brokenRule(name);
  if (rule !== undefined) throw faults.invalidName(rule);
}

function brokenRule(name: string): string | undefined {
  const told = `Specified name length: ${name.length} characters.`;
  if (name.length < shortestName) {
    return `Trail name too short. Minimum allowed length: ${shortestName} characters. ${told}`;
  }
  if (name.length > longestName) {
    return `Trail name too long. Maximum allowed length: ${longestName} characters. ${told}`;
  }
  if (!/^[A-Za-z0-9]/.test(name)) return 'Trail name must starts with a letter or number.';
  if (!/[A-Za-z0-9]$/.test(name)) return 'Trail name must ends with a letter or number.';
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return 'Trail name must not be in IP address format.';
  if (!/^[A-Za-z0-9._-]+$/.test(name) || /[._-]{2}/.test(name)) {
    return (
      'Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, ' +
      'periods (.), hyphens (-), and underscores (_), no two of the last three side by side.'
    );
  }
  return undefined;
}

export function trailArn(scope: Scope, name: string): Arn {
  return formatArn(scope, 'cloudtrail', `trail/${name}`);
}

export interface NamedTrail extends Scope {
  readonly name: string;
}

/** Of an ARN; refused when it is none of a trail. */
export function parseTrailArn(text: string): Outcome<NamedTrail> {
  const arn = parseArn(text);
  if (!arn.ok) return arn;
  const { service, resource, ...scope } = arn.value;
  const [kind, name, ...more] = resource.split('/');
  const isTrail = service === 'cloudtrail' && kind === 'trail' && more.length === 0;
  if (!isTrail || !name || !/^\d{12}$/.test(scope.account) || !scope.region) {
    return refuse(`not the ARN of a trail: ${text.slice(0, 300)}`);
  }
  return ok({ ...scope, name });
}

/** By name in the caller's region, or by ARN. Throws for what can be neither. */
export function namedTrail(nameOrArn: string, { scope }: Pick<Call, 'scope'>): NamedTrail {
  // Names have no colons, ARNs have several.
  if (!nameOrArn.includes(':')) {
    assertName(nameOrArn);
    return { ...scope, name: nameOrArn };
  }
  const parsed = parseTrailArn(nameOrArn);
  if (!parsed.ok) throw faults.invalidArn(nameOrArn);
  return parsed.value;
}

/** A trail of another account is unknown. Throws `TrailNotFoundException`. */
export async function findTrail(nameOrArn: string, ctx: Ctx, reader?: Reader): Promise<TrailRow> {
  const at = namedTrail(nameOrArn, ctx);
  const { account } = ctx.scope;
  const row = await (reader ?? ctx.store).get(trailRows, trailKey(at, at.name));
  if (!row || at.account !== account) throw faults.unknownTrail(nameOrArn, account);
  return row;
}

/** The same for changes, which are made in the trail's home region alone. */
export async function findHomeTrail(
  nameOrArn: string,
  ctx: Ctx,
  reader?: Reader,
): Promise<TrailRow> {
  const row = await findTrail(nameOrArn, ctx, reader);
  if (row.region !== ctx.scope.region) throw faults.notHome(row.arn, row.region);
  return row;
}

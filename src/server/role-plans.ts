/**
 * Plans roles against those that exist, and writes them. Who asks, and whether they may, is decided
 * before.
 */
import { createHash } from 'node:crypto';
import { newId } from '../engines/identity/ids.ts';
import { nameKey, type RoleRow, roles } from '../engines/identity/rows.ts';
import type { IdentitySpace } from '../engines/identity/space.ts';
import { type DocumentDiff, diffOf } from '../engines/personas/diff.ts';
import { makeRole, type RoleRequest, rolePrefix } from '../engines/personas/plan.ts';
import { type Proven, proofOf } from '../engines/personas/proof.ts';
import type { RolePlan } from '../engines/personas/types.ts';
import { formatArn, type Scope } from '../kernel/arn.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { insertRole } from '../services/iam/role.ts';
import { checkedTrust } from '../services/iam/role-trust.ts';
import { Fault } from '../wire/operation.ts';

/** Marks the roles that were made here: no other is changed unless it is said to be adopted. */
export const roleTag = 'modelkeep:role-manager';
const roleTagValue = 'managed';
const sessionSeconds = 3_600;

export interface RoleAnswer {
  readonly role: {
    readonly name: string;
    readonly arn: string;
    readonly exists: boolean;
    /** Made here before; undefined for a role to be made. */
    readonly managed?: boolean;
  };
  readonly plan: Pick<RolePlan, 'description' | 'activities' | 'trustPolicy' | 'policies'>;
  readonly diff: readonly DocumentDiff[];
  readonly proof: readonly Proven[];
  /** Of the plan and of what it would replace: what was shown is what is written. */
  readonly digest: string;
}

export interface Applying {
  /** Take over a role that was made by other means. */
  readonly adopt: boolean;
  /** Of the answer that was looked at; whatever there is is written when it is left out. */
  readonly digest?: string;
}

export interface RolePlansParts {
  readonly space: IdentitySpace;
  readonly clock: Clock;
  /** Must be fit for keys. */
  readonly random: Random;
}

export interface RolePlans {
  /** The role that the request is about, as it is. */
  current(request: RoleRequest): Promise<RoleRow | undefined>;
  /** Throws `Fault` for a request that makes no safe role. */
  plan(request: RoleRequest): Promise<RoleAnswer>;
  /** The same, written in one transaction. Throws `Fault`, and then nothing is. */
  apply(request: RoleRequest, applying: Applying): Promise<RoleAnswer>;
}

export const roleFaults = {
  invalid: (message: string) => new Fault('ValidationError', message, { status: 400 }),
  conflict: (code: string, message: string) => new Fault(code, message, { status: 409 }),
};

export function makeRolePlans({ space, clock, random }: RolePlansParts): RolePlans {
  return {
    current: (request) => space.reader.get(roles, keyOf(request)),
    async plan(request) {
      const plan = planned(request);
      const row = await space.reader.get(roles, keyOf(request));
      return answerOf(plan, row, request.scope);
    },
    async apply(request, applying) {
      const plan = planned(request);
      const { scope } = request;
      return space.write(async (tx) => {
        const row = await tx.get(roles, keyOf(request));
        const answer = answerOf(plan, row, scope);
        assertFree(row, applying);
        if (applying.digest !== undefined && applying.digest !== answer.digest) {
          const message = 'The plan or the role changed since it was shown: look at it again.';
          throw roleFaults.conflict('PlanOutdated', message);
        }
        const trust = await checkedTrust(tx, scope.partition, plan.trustPolicy);
        const common = { ...trust, inline: plan.policies, description: plan.description };
        if (row) {
          const tags = { ...row.tags, [roleTag]: roleTagValue };
          await tx.put(roles, keyOf(request), { ...row, ...common, tags });
          return answer;
        }
        await insertRole(tx, {
          ...{ account: scope.account, name: plan.roleName, path: '/', arn: answer.role.arn },
          ...{ ...common, attached: [], tags: { [roleTag]: roleTagValue } },
          id: newId('role', random),
          createdAtMs: clock.nowMs(),
          maxSessionSeconds: sessionSeconds,
        });
        return answer;
      });
    },
  };
}

function planned(request: RoleRequest): RolePlan {
  const plan = makeRole(request);
  if (!plan.ok) throw roleFaults.invalid(plan.reason);
  return plan.value;
}

const keyOf = ({ scope, name }: RoleRequest) => nameKey(scope.account, roleNameOf(name));

export function roleNameOf(suffix: string): string {
  return `${rolePrefix}${suffix}`;
}

export function roleArnOf({ partition, account }: Scope, row: RoleRow | undefined, name: string) {
  return row?.arn ?? formatArn({ partition, account, region: '' }, 'iam', `role/${name}`);
}

function assertFree(row: RoleRow | undefined, { adopt }: Applying): void {
  if (!row) return;
  if (row.linkedService !== undefined) {
    throw roleFaults.conflict('UnmodifiableEntity', `${row.name} is a service's own role.`);
  }
  if (row.tags[roleTag] === undefined && !adopt) {
    const message = `The role ${row.name} was made by other means: adopt it, or take another name.`;
    throw roleFaults.conflict('NotManaged', message);
  }
  // The proof is about all that the role may do, and these are no part of the plan.
  if (row.attached.length === 0) return;
  const list = row.attached.join(', ');
  const message = `The role ${row.name} has managed policies (${list}): detach them first.`;
  throw roleFaults.conflict('HasManagedPolicies', message);
}

function answerOf(plan: RolePlan, row: RoleRow | undefined, scope: Scope): RoleAnswer {
  const { description, activities, trustPolicy, policies, roleName } = plan;
  const proof = proofOf(plan);
  if (!proof.ok) throw roleFaults.invalid(proof.reason);
  const current = row && { trustPolicy: row.trustPolicy, policies: row.inline };
  const content = JSON.stringify([trustPolicy, policies, current ?? null]);
  return {
    role: {
      name: row?.name ?? roleName,
      arn: roleArnOf(scope, row, roleName),
      exists: row !== undefined,
      ...(row ? { managed: row.tags[roleTag] !== undefined } : {}),
    },
    plan: { description, activities, trustPolicy, policies },
    diff: diffOf(plan, current),
    proof: proof.value,
    digest: createHash('sha256').update(content).digest('hex'),
  };
}

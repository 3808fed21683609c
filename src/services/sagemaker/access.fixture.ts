/** Who may assume which role, for tests: all of them, but for those that are named. */
import type { Access, ServiceRole } from '../../engines/access/access.ts';
import { ok, refuse } from '../../kernel/outcome.ts';

export interface FakeAccess extends Access {
  /** ARNs of roles that do not trust the service. */
  readonly untrusting: Set<string>;
  /** Every question for a role, in order. */
  readonly asked: ServiceRole[];
}

export function accessOf(): FakeAccess {
  const untrusting = new Set<string>();
  const asked: ServiceRole[] = [];
  return {
    untrusting,
    asked,
    refusalOf: async () => undefined,
    async assumedBy(role) {
      asked.push(role);
      if (untrusting.has(role.roleArn)) return refuse('the role does not trust the service');
      const { account } = role;
      return ok({ accessKeyId: '', arn: role.roleArn, userId: 'AROA:SageMaker', account });
    },
  };
}

/** Whether the service may take over the role that a request names, as the original asks. */
import type { Access } from '../../engines/access/access.ts';
import { sessionName } from '../../jobs/roles/acting.ts';
import type { Scope } from '../../kernel/arn.ts';
import { faults } from './faults.ts';

/** As trust policies and `iam:PassedToService` name the service. */
export const servicePrincipal = 'sagemaker.amazonaws.com';

export interface AssumingCtx {
  readonly access: Access;
  readonly scope: Scope;
}

/**
 * Refuses a role that is not there or does not trust the service; `sourceArn` is what the role is
 * for. Nothing when no role is given: the wire has checked where one must be, and its form.
 */
export async function assertAssumable(
  roleArn: string | undefined,
  sourceArn: string,
  { access, scope }: AssumingCtx,
): Promise<void> {
  if (!roleArn) return;
  const { account } = scope;
  const service = servicePrincipal;
  const assumed = await access.assumedBy({ roleArn, service, sessionName, sourceArn, account });
  if (!assumed.ok) throw faults.notAssumable(roleArn);
}

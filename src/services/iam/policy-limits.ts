/** Quotas of roles and policies: the original's. Those of document sizes are the engine's. */
import { policyQuotas } from '../../engines/policy/limits.ts';

export const policyLimits = {
  managedSize: policyQuotas.managed,
  trustSize: policyQuotas.trust,
  inlineTotal: {
    user: policyQuotas.userInline,
    group: policyQuotas.groupInline,
    role: policyQuotas.roleInline,
  },
  versionsPerPolicy: 5,
  attachedPerEntity: 10,
  policiesPerAccount: 1_500,
  rolesPerAccount: 1_000,
  instanceProfilesPerAccount: 1_000,
  oidcProvidersPerAccount: 100,
  clientIdsPerProvider: 100,
  thumbprintsPerProvider: 5,
  /** Documents and entries that one simulation may bring along. */
  simulatedInputs: 100,
  simulatedCharacters: 300_000,
  /** An organization has a root, five units in one another at most, and the account. */
  organizationLevels: 7,
  /** Results that one answer has at most, whatever is asked for: they are worked out at once. */
  simulatedPage: 100,
  simulatedContextEntries: 1_000,
  /** Of an action and a resource. */
  simulatedPairs: 10_000,
} as const;

/** Checks of who there is: rights, administrators, keys, passwords and roles. */
import { dayMs } from '../../kernel/clock.ts';
import { type AccessKeyRow, nameKey, type PasswordPolicy } from '../identity/rows.ts';
import type { EscalationPath } from '../policy/escalation.ts';
import { type Control, type Facts, of, ownerArn } from './control.ts';
import type { Evidence } from './types.ts';

const oldDays = 90;
/** As the CIS Foundations Benchmark asks for. */
const leastPasswordLength = 14;
const leastReuse = 24;
/** Ways of one principal that are told with their steps; of the others the names. */
const mostTold = 3;

const daysSince = (nowMs: number, atMs: number) => Math.floor((nowMs - atMs) / dayMs);

const escalation =
  (which: 'open' | 'limited') =>
  ({ escalations }: Facts): readonly Evidence[] =>
    escalations
      .filter((found) => found[which].length > 0)
      .map(({ holder, [which]: paths }) => of(holder.row, told(paths)));

function told(paths: readonly EscalationPath[]): string {
  const first = paths.slice(0, mostTold).map(({ code, message }) => `${code}: ${message}`);
  const rest = paths.slice(mostTold).map(({ code }) => code);
  return [...first, ...(rest.length > 0 ? [`and also ${rest.join(', ')}`] : [])].join(' ');
}

function administrators({ administrators: all }: Facts): readonly Evidence[] {
  return [...all].map(({ kind, row }) => of(row, `this ${kind} may do everything`));
}

function bootstrapKey({ snapshot, administrators: all }: Facts): readonly Evidence[] {
  const { firstStart, accessKeys } = snapshot;
  const key = firstStart && accessKeys.get(firstStart.accessKeyId);
  if (!firstStart || key?.status !== 'Active') return [];
  if ([...all].some(({ row }) => row.id !== firstStart.userId)) return [];
  const owner = ownerArn(snapshot, key);
  return [{ resource: key.accessKeyId, detail: `the key of the first start, of ${owner}` }];
}

function withoutDevice({ snapshot }: Facts): readonly Evidence[] {
  return [...snapshot.logins.values()]
    .filter(({ account, userName }) => !snapshot.withDevice.has(nameKey(account, userName)))
    .map((login) => ({
      resource: ownerArn(snapshot, login),
      detail: 'may sign in with a password alone',
    }));
}

const activeKeys = ({ snapshot }: Facts): readonly AccessKeyRow[] =>
  [...snapshot.accessKeys.values()].filter(({ status }) => status === 'Active');

function rootKeys(facts: Facts): readonly Evidence[] {
  return activeKeys(facts)
    .filter(({ userName }) => userName === '')
    .map(({ accessKeyId: resource }) => ({ resource, detail: 'belongs to the root user' }));
}

function oldKeys(facts: Facts): readonly Evidence[] {
  return activeKeys(facts).flatMap((key) => {
    const days = daysSince(facts.nowMs, key.createdAtMs);
    if (days <= oldDays) return [];
    const detail = `of ${ownerArn(facts.snapshot, key)}, made ${days} days ago`;
    return [{ resource: key.accessKeyId, detail }];
  });
}

function unusedKeys(facts: Facts): readonly Evidence[] {
  const { snapshot, nowMs } = facts;
  return activeKeys(facts).flatMap((key) => {
    const { atMs: usedAtMs } = snapshot.keyUses.get(key.accessKeyId) ?? {};
    const days = daysSince(nowMs, usedAtMs ?? key.createdAtMs);
    if (days <= oldDays) return [];
    const use = usedAtMs === undefined ? 'never used since it was made' : 'last used';
    const detail = `of ${ownerArn(snapshot, key)}, ${use} ${days} days ago`;
    return [{ resource: key.accessKeyId, detail }];
  });
}

function twoKeys(facts: Facts): readonly Evidence[] {
  const byOwner = new Map<string, string[]>();
  for (const key of activeKeys(facts)) {
    const owner = ownerArn(facts.snapshot, key);
    const ids = byOwner.get(owner) ?? [];
    byOwner.set(owner, [...ids, key.accessKeyId]);
  }
  return [...byOwner]
    .filter(([, ids]) => ids.length > 1)
    .map(([resource, ids]) => ({ resource, detail: `active: ${ids.join(', ')}` }));
}

function passwordPolicies({ snapshot, account }: Facts): readonly Evidence[] {
  const all = new Set([account, ...snapshot.accounts.keys()]);
  for (const login of snapshot.logins.values()) all.add(login.account);
  return [...all].flatMap((one) => {
    const weak = weaknessesOf(snapshot.accounts.get(one)?.passwordPolicy);
    return weak.length === 0 ? [] : [{ resource: one, detail: weak.join(', ') }];
  });
}

function weaknessesOf(policy: PasswordPolicy | undefined): readonly string[] {
  if (!policy) return ['there is no password policy'];
  const { minimumLength, reusePrevention = 0 } = policy;
  const asked = [
    [policy.requireUppercase, 'uppercase letters'],
    [policy.requireLowercase, 'lowercase letters'],
    [policy.requireNumbers, 'numbers'],
    [policy.requireSymbols, 'symbols'],
  ] as const;
  return [
    ...(minimumLength < leastPasswordLength
      ? [`at least ${minimumLength} characters, not ${leastPasswordLength}`]
      : []),
    ...asked.filter(([required]) => !required).map(([, what]) => `${what} are not required`),
    ...(reusePrevention < leastReuse
      ? [`the last ${reusePrevention} passwords are not taken again, not ${leastReuse}`]
      : []),
  ];
}

function unusedRoles({ snapshot, nowMs }: Facts): readonly Evidence[] {
  return [...snapshot.roles.values()].flatMap((role) => {
    const { linkedService, lastUsed, createdAtMs } = role;
    if (linkedService !== undefined) return [];
    const days = daysSince(nowMs, lastUsed?.atMs ?? createdAtMs);
    if (days <= oldDays) return [];
    const use = lastUsed ? 'last used' : 'never used since it was made';
    return [of(role, `${use} ${days} days ago`)];
  });
}

function directPolicies({ snapshot }: Facts): readonly Evidence[] {
  return [...snapshot.users.values()].flatMap((user) => {
    const names = [...Object.keys(user.inline), ...user.attached];
    return names.length === 0 ? [] : [of(user, `has by itself: ${names.join(', ')}`)];
  });
}

export const identityControls: readonly Control[] = [
  {
    id: 'privilege-escalation',
    title: 'Nobody can come to more rights than they were given',
    severity: 'high',
    advice: 'Take one of the actions of each way away, or narrow what it may be done to.',
    find: escalation('open'),
  },
  {
    id: 'console-without-mfa',
    title: 'Whoever has a password has a second factor',
    severity: 'high',
    advice: 'Enable a virtual device for the user: CreateVirtualMFADevice, EnableMFADevice.',
    find: withoutDevice,
  },
  {
    id: 'root-access-keys',
    title: 'The root user has no access keys',
    severity: 'high',
    advice: 'Make a user or a role for the work, and delete the keys: no policy limits them.',
    find: rootKeys,
  },
  {
    id: 'privilege-escalation-limited',
    title: 'Nobody can come to other rights, though limited ones',
    severity: 'medium',
    advice: 'Look at the roles that may be passed, and at the boundary that is the limit.',
    find: escalation('limited'),
  },
  {
    id: 'bootstrap-administrator',
    title: 'The key of the first start is not the only way to administer',
    severity: 'medium',
    advice: 'Make administrators of your own, with keys of theirs, and delete the first key.',
    find: bootstrapKey,
  },
  {
    id: 'access-keys-old',
    title: `No access key is older than ${oldDays} days`,
    severity: 'medium',
    advice: 'Make a second key, use it everywhere, then delete the old one.',
    find: oldKeys,
  },
  {
    id: 'access-keys-unused',
    title: `Every access key was used in the last ${oldDays} days`,
    severity: 'medium',
    advice: 'Make the key inactive, and delete it when nobody misses it.',
    find: unusedKeys,
  },
  {
    id: 'password-policy',
    title: 'The account asks for good passwords',
    severity: 'medium',
    advice:
      `Set a policy with UpdateAccountPasswordPolicy: ${leastPasswordLength} characters, of all ` +
      `kinds, none of the last ${leastReuse}.`,
    find: passwordPolicies,
  },
  {
    id: 'access-keys-two',
    title: 'Nobody has two active access keys',
    severity: 'low',
    advice: 'Two are for the time of a change: delete the older one.',
    find: twoKeys,
  },
  {
    id: 'roles-unused',
    title: `Every role was used in the last ${oldDays} days`,
    severity: 'low',
    advice:
      'Delete roles that nobody needs. Those that services may take over are not looked at: ' +
      'what jobs and models do is not counted.',
    find: unusedRoles,
  },
  {
    id: 'direct-policies',
    title: 'Users have their policies from groups',
    severity: 'info',
    advice: 'Attach the policies to a group, and add the users to it.',
    find: directPolicies,
  },
  {
    id: 'administrators',
    title: 'Who may do everything',
    severity: 'info',
    advice: 'Keep the list short, and know everybody on it.',
    find: administrators,
    lists: true,
  },
];

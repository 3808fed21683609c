/**
 * What a first start makes: a user `administrator` with every right and one access key. Later
 * starts find it, whatever was done to it since; nothing is ever given back that was taken away.
 */
import { formatArn } from '../../kernel/arn.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { Collection, Reader, Transaction } from '../../ports/metadata-store.ts';
import { type Credentials, sealedSecretContext } from './credentials.ts';
import type { SecretVault } from './identity.ts';
import { newId } from './ids.ts';
import {
  type AccessKeyRow,
  accessKeys,
  attachmentKey,
  attachments,
  nameKey,
  type UserRow,
  users,
} from './rows.ts';
import type { IdentitySpace } from './space.ts';

export interface FirstStartParts {
  readonly space: IdentitySpace;
  readonly vault: SecretVault;
  readonly random: Random;
  readonly clock: Clock;
  readonly account: string;
  readonly partition: string;
}

/** That there was a first start, and what it made. */
interface FirstStartRow {
  readonly userId: string;
  readonly accessKeyId: string;
}

/** How the administrator was kept before there were users. */
interface OldRow {
  readonly accessKeyId: string;
  readonly sealedSecret: string;
  readonly userId: string;
  readonly createdAtMs: number;
}

const firstStarts: Collection<FirstStartRow> = { name: 'identity/first-start' };
const oldAdministrators: Collection<OldRow> = { name: 'identity/administrator' };
const onlyKey = 'administrator';
const userName = 'administrator';
/** More than a user can have. */
const maxKeys = 10;

/**
 * Makes the administrator with these keys unless there was a first start before. Refused when keys
 * of an older data folder do not open with this root key.
 */
export async function ensureFirstStart(
  parts: FirstStartParts,
  wanted: Credentials,
): Promise<Outcome<void>> {
  if (await parts.space.reader.get(firstStarts, onlyKey)) return ok(undefined);
  const fresh = { credentials: wanted, userId: newId('user', parts.random) };
  return parts.space.write(async (tx) => {
    if (await tx.get(firstStarts, onlyKey)) return ok(undefined);
    const old = await tx.get(oldAdministrators, onlyKey);
    const made = old ? opened(parts, old) : ok({ ...fresh, createdAtMs: parts.clock.nowMs() });
    if (!made.ok) return made;
    await tx.delete(oldAdministrators, onlyKey);
    await insert(tx, parts, made.value);
    return ok(undefined);
  });
}

/** What the first start made, whether it is still there or not; undefined before it. */
export async function firstStartOf(
  reader: Reader,
): Promise<{ readonly userId: string; readonly accessKeyId: string } | undefined> {
  return reader.get(firstStarts, onlyKey);
}

/**
 * The administrator's credentials: the key of the first start, else another active one of the same
 * user. Undefined before the first start and when there is none any more; refused when the secret
 * does not open with this root key.
 */
export async function administratorKeys({
  space: { reader },
  vault,
}: Pick<FirstStartParts, 'space' | 'vault'>): Promise<Outcome<Credentials | undefined>> {
  const start = await reader.get(firstStarts, onlyKey);
  const key = start && (await usableKey(reader, start));
  if (!key) return ok(undefined);
  const { accessKeyId, sealedSecret } = key;
  const secret = vault.open(sealedSecret, sealedSecretContext(accessKeyId));
  if (!secret.ok) return refuse(`the administrator's key does not open: ${secret.reason}`);
  return ok({ accessKeyId, secretAccessKey: secret.value });
}

async function usableKey(
  reader: Reader,
  { userId, accessKeyId }: FirstStartRow,
): Promise<AccessKeyRow | undefined> {
  const [user] = await reader.listBy(users, { index: 'id', equals: userId, limit: 1 });
  if (!user) return undefined;
  const range = { index: 'user', equals: user.key, limit: maxKeys };
  const keys = (await reader.listBy(accessKeys, range)).map(({ row }) => row);
  const active = keys.filter(({ status }) => status === 'Active');
  return active.find((key) => key.accessKeyId === accessKeyId) ?? active[0];
}

interface Made {
  readonly credentials: Credentials;
  readonly userId: string;
  readonly createdAtMs: number;
}

function opened({ vault }: FirstStartParts, old: OldRow): Outcome<Made> {
  const { accessKeyId, sealedSecret, userId, createdAtMs } = old;
  const context = { collection: oldAdministrators.name, accessKeyId };
  const secret = vault.open(sealedSecret, context);
  if (!secret.ok) return refuse(`the administrator's key does not open: ${secret.reason}`);
  const credentials = { accessKeyId, secretAccessKey: secret.value };
  return ok({ credentials, userId, createdAtMs });
}

async function insert(
  tx: Transaction,
  { vault, account, partition }: FirstStartParts,
  { credentials: { accessKeyId, secretAccessKey }, userId, createdAtMs }: Made,
): Promise<void> {
  const policy = { partition, region: '', account: 'aws' };
  const policyArn = formatArn(policy, 'iam', 'policy/AdministratorAccess');
  const user: UserRow = {
    ...{ account, name: userName, path: '/', id: userId, createdAtMs },
    arn: formatArn({ partition, region: '', account }, 'iam', `user/${userName}`),
    ...{ inline: {}, attached: [policyArn], tags: {}, groups: [] },
  };
  await tx.put(users, nameKey(account, userName), user);
  const attachment = { policyArn, as: 'policy', kind: 'user', name: userName, id: userId } as const;
  await tx.put(attachments, attachmentKey(attachment), attachment);
  const sealedSecret = vault.seal(secretAccessKey, sealedSecretContext(accessKeyId));
  const key = {
    accessKeyId,
    account,
    userName,
    sealedSecret,
    status: 'Active',
    createdAtMs,
  } as const;
  await tx.put(accessKeys, accessKeyId, key);
  await tx.put(firstStarts, onlyKey, { userId, accessKeyId });
}

/** Secrets of long-term access keys, kept open until identities change. */
import { formatArn } from '../../kernel/arn.ts';
import { BoundedMap } from './bounded-map.ts';
import { sealedSecretContext } from './credentials.ts';
import type { SecretVault } from './identity.ts';
import { type AccessKeyRow, accessKeys, nameKey, users } from './rows.ts';
import type { Signer } from './sessions.ts';
import type { IdentitySpace } from './space.ts';

export interface KeysParts {
  readonly space: IdentitySpace;
  readonly vault: SecretVault;
  readonly partition: string;
}

interface Kept {
  /** Undefined: there is no such key, or it may not be used. */
  readonly signer: Signer | undefined;
  readonly generation: number;
}

const maxKept = 10_000;
/** Made-up ids have a map of their own, so that they cannot push out real ones. */
const maxUnknown = 1_000;

/**
 * Finds who signs with a key. Undefined for one that is unknown, inactive or without its user;
 * throws when the kept secret does not open, which means another root key or a damaged store.
 */
export function makeKeyFinder(
  parts: KeysParts,
): (accessKeyId: string) => Promise<Signer | undefined> {
  const { space, vault } = parts;
  const known = new BoundedMap<string, Kept>(maxKept);
  const unknown = new BoundedMap<string, Kept>(maxUnknown);
  return async (accessKeyId) => {
    const kept = known.get(accessKeyId) ?? unknown.get(accessKeyId);
    // Taken before anything is read: what changes meanwhile makes this entry out of date.
    const generation = space.generation();
    if (kept?.generation === generation) return kept.signer;
    const signer = await find(accessKeyId);
    (signer ? unknown : known).delete(accessKeyId);
    (signer ? known : unknown).set(accessKeyId, { signer, generation });
    return signer;
  };

  async function find(accessKeyId: string): Promise<Signer | undefined> {
    const row = await space.reader.get(accessKeys, accessKeyId);
    if (row?.status !== 'Active') return undefined;
    const named = await ownerOf(row, parts);
    if (!named) return undefined;
    const secret = vault.open(row.sealedSecret, sealedSecretContext(accessKeyId));
    if (!secret.ok) throw new Error(`the key ${accessKeyId} does not open: ${secret.reason}`);
    const caller = { accessKeyId, account: row.account, ...named };
    return { secretAccessKey: secret.value, caller };
  }
}

async function ownerOf(
  { account, userName }: AccessKeyRow,
  { space, partition }: KeysParts,
): Promise<{ readonly arn: string; readonly userId: string } | undefined> {
  if (userName === '') {
    return { arn: formatArn({ partition, region: '', account }, 'iam', 'root'), userId: account };
  }
  const user = await space.reader.get(users, nameKey(account, userName));
  return user && { arn: user.arn, userId: user.id };
}

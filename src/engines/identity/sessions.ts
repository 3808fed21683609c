/**
 * Sessions: issued as tokens that carry all of themselves, and judged when one is shown. A session
 * ends at its time, and before that when it is revoked, or when who issued it is gone.
 */
import { createHash } from 'node:crypto';
import { formatArn } from '../../kernel/arn.ts';
import { assert } from '../../kernel/assert.ts';
import type { Caller, Session } from '../../kernel/caller.ts';
import { type Clock, minuteMs } from '../../kernel/clock.ts';
import type { Random } from '../../kernel/random.ts';
import type { Collection, Transaction } from '../../ports/metadata-store.ts';
import { sortable } from '../../ports/metadata-store.ts';
import { BoundedMap } from './bounded-map.ts';
import { type Credentials, newTemporaryCredentials } from './credentials.ts';
import type { HighWater } from './high-water.ts';
import type { SecretVault } from './identity.ts';
import { roles, users } from './rows.ts';
import { openToken, packedPercent, sealToken } from './session-token.ts';
import type { IdentitySpace } from './space.ts';

export interface SessionRequest {
  readonly account: string;
  readonly session: Omit<Session, 'issuedAtMs' | 'expiresAtMs'>;
  readonly durationSeconds: number;
}

export interface IssuedSession extends Credentials {
  readonly sessionToken: string;
  /** By the machine's clock, which is what clients compare it with. */
  readonly expiresAtMs: number;
}

/** What is known of credentials that held. */
export interface Signer {
  readonly secretAccessKey: string;
  /** Of temporary credentials: the token that was shown. */
  readonly sessionToken?: string;
  readonly caller: Caller;
}

/** The token is one of ours, and its time is over. */
export interface Expired {
  readonly expired: true;
}

export interface Sessions {
  /** A request whose policies and tags do not fit (`packedPercent` above 100) is a bug. */
  issue(request: SessionRequest): Promise<IssuedSession>;
  /** Undefined for what is forged, changed, of another key, revoked, or without its issuer. */
  find(accessKeyId: string, token: string): Promise<Signer | Expired | undefined>;
  /** Ends one session; its key is refused from the next request on. */
  revoke(accessKeyId: string): Promise<void>;
  /** Ends every session of the role (`AROA…`) that was issued before the instant. */
  revokeRoleSessions(roleId: string, beforeMs: number): Promise<void>;
  /** Forgets revocations of what has expired by itself. */
  sweep(): Promise<void>;
}

export interface SessionsParts {
  readonly space: IdentitySpace;
  readonly vault: SecretVault;
  readonly random: Random;
  readonly clock: Clock;
  readonly time: HighWater;
  readonly partition: string;
}

interface RevokedRow {
  /** When every session that there could be has expired. */
  readonly untilMs: number;
}

interface CutoffRow extends RevokedRow {
  readonly beforeMs: number;
}

const byEnd = { until: (row: RevokedRow) => sortable(row.untilMs) };
/** Key: the access key's id. */
export const revoked: Collection<RevokedRow> = {
  name: 'identity/revoked-sessions',
  indexes: byEnd,
};
/** Key: the role's id. */
export const cutoffs: Collection<CutoffRow> = { name: 'identity/session-cutoffs', indexes: byEnd };

/** 36 hours, the longest that STS gives. */
export const longestSessionSeconds = 129_600;
/** Time may be that much behind what it was when the process died. */
const maxAheadMs = minuteMs;
const maxOpened = 10_000;
const sweepPage = 500;

/** A token as it was opened, and the generation at which it was last known to hold. */
interface Opened {
  readonly signer: Signer;
  readonly expiresAtMs: number;
  readonly generation: number;
}

export function makeSessions(parts: SessionsParts): Sessions {
  const { space, vault, random, clock, time } = parts;
  const opened = new BoundedMap<string, Opened>(maxOpened);

  async function open(accessKeyId: string, token: string): Promise<Opened | undefined> {
    const generation = space.generation();
    const content = openToken(vault, accessKeyId, token);
    if (!content) return undefined;
    const { account, secretAccessKey, session } = content;
    if (session.issuedAtMs > time.nowMs() + maxAheadMs) return undefined;
    if (await space.reader.get(revoked, accessKeyId)) return undefined;
    const named = await callerOf(parts, account, session);
    if (!named) return undefined;
    const caller = { accessKeyId, account, ...named };
    const signer = { secretAccessKey, sessionToken: token, caller };
    return { signer, expiresAtMs: session.expiresAtMs, generation };
  }

  return {
    async issue({ account, session, durationSeconds }) {
      assert(packedPercent(session) <= 100, 'a session fits into its token');
      await time.ready();
      const issuedAtMs = time.nowMs();
      const durationMs = durationSeconds * 1_000;
      const expiresAtMs = issuedAtMs + durationMs;
      const credentials = newTemporaryCredentials(random);
      const { accessKeyId, secretAccessKey } = credentials;
      const content = {
        account,
        secretAccessKey,
        session: { ...session, issuedAtMs, expiresAtMs },
      };
      const sessionToken = sealToken(vault, accessKeyId, content);
      return { ...credentials, sessionToken, expiresAtMs: clock.nowMs() + durationMs };
    },
    async find(accessKeyId, token) {
      const name = `${accessKeyId} ${createHash('sha256').update(token).digest('base64')}`;
      const known = opened.get(name);
      await time.ready();
      const held =
        known?.generation === space.generation() ? known : await open(accessKeyId, token);
      if (!held) {
        opened.delete(name);
        return undefined;
      }
      if (held !== known) opened.set(name, held);
      return time.nowMs() < held.expiresAtMs ? held.signer : { expired: true };
    },
    async revoke(accessKeyId) {
      await time.ready();
      const untilMs = endOfSessionsFrom(time.nowMs());
      await space.write((tx) => tx.put(revoked, accessKeyId, { untilMs }));
    },
    async revokeRoleSessions(roleId, beforeMs) {
      await space.write(async (tx) => {
        const before = await tx.get(cutoffs, roleId);
        const latestMs = Math.max(beforeMs, before?.beforeMs ?? 0);
        const row = { beforeMs: latestMs, untilMs: endOfSessionsFrom(latestMs) };
        await tx.put(cutoffs, roleId, row);
      });
    },
    async sweep() {
      await time.ready();
      await removeEnded(space, revoked, time.nowMs());
      await removeEnded(space, cutoffs, time.nowMs());
    },
  };
}

function endOfSessionsFrom(instantMs: number): number {
  return instantMs + longestSessionSeconds * 1_000 + maxAheadMs;
}

type Named = Pick<Caller, 'arn' | 'userId'> & { readonly session: Session };

/** Who a session stands for now; undefined when its issuer is gone, or was made again. */
async function callerOf(
  { space: { reader }, partition }: SessionsParts,
  account: string,
  session: Session,
): Promise<Named | undefined> {
  const global = { partition, region: '', account };
  const { kind, issuerId, name } = session;
  const only = { index: 'id', equals: issuerId, limit: 1 };
  if (kind === 'role') {
    const [role] = await reader.listBy(roles, only);
    const cutoff = await reader.get(cutoffs, issuerId);
    if (!role || (cutoff && session.issuedAtMs < cutoff.beforeMs)) return undefined;
    const arn = formatArn(global, 'sts', `assumed-role/${role.row.name}/${name}`);
    const now = { ...session, issuerArn: role.row.arn };
    return { arn, userId: `${issuerId}:${name}`, session: now };
  }
  const isRoot = issuerId === account;
  const [user] = isRoot ? [] : await reader.listBy(users, only);
  const issuerArn = isRoot ? formatArn(global, 'iam', 'root') : user?.row.arn;
  if (issuerArn === undefined) return undefined;
  const now = { ...session, issuerArn };
  if (kind === 'user') return { arn: issuerArn, userId: issuerId, session: now };
  const arn = formatArn(global, 'sts', `federated-user/${name}`);
  return { arn, userId: `${account}:${name}`, session: now };
}

/** Moves the generation only when there is something to remove. */
async function removeEnded<Row extends RevokedRow>(
  space: IdentitySpace,
  from: Collection<Row>,
  nowMs: number,
): Promise<void> {
  const ended = { index: 'until', to: sortable(nowMs), limit: sweepPage };
  if ((await space.reader.listBy(from, ended)).length === 0) return;
  await space.write(async (tx: Transaction) => {
    for (const { key } of await tx.listBy(from, ended)) await tx.delete(from, key);
  });
}

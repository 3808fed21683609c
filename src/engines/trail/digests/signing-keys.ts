/**
 * The keys that sign digests: one of RSA-2048 for a region at a time, made when first needed and
 * replaced each year. Public keys stay listed for as long as what they signed may be checked;
 * private ones are kept in envelopes.
 */
import { createHash, createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { type Clock, dayMs } from '../../../kernel/clock.ts';
import { type MetadataStore, sortable } from '../../../ports/metadata-store.ts';
import type { Vault } from '../../envelope/vault.ts';
import { type SigningKeyRow, signingKeyRows } from './rows.ts';

export interface SigningKey {
  readonly fingerprint: string;
  readonly key: KeyObject;
}

export interface SigningKeys {
  /** The region's key for what is dated so; made when there is none. */
  current(region: string): Promise<SigningKey>;
  /** Those that may have signed something between the instants, oldest first. */
  list(region: string, between: Between): Promise<readonly SigningKeyRow[]>;
}

export interface Between {
  readonly startMs: number;
  readonly endMs: number;
}

export interface SigningKeyParts {
  readonly store: MetadataStore;
  readonly vault: Vault;
  readonly clock: Clock;
}

const modulusLength = 2_048;
const signsForMs = 365 * dayMs;
/** A digest is dated a little before or after the clock by which its key was chosen. */
const marginMs = dayMs;
/** One a year and region. */
const mostKeys = 1_000;

export function makeSigningKeys(parts: SigningKeyParts): SigningKeys {
  const { store, vault, clock } = parts;
  const opened = new Map<string, SigningKey>();
  const making = new Map<string, Promise<SigningKey>>();

  const newest = async (region: string) => {
    const prefix = `${region}/`;
    const [entry] = await store.list(signingKeyRows, { prefix, limit: 1, descending: true });
    return entry;
  };

  function open(row: SigningKeyRow): SigningKey {
    const known = opened.get(row.fingerprint);
    if (known) return known;
    const bytes = vault.openBytes(row.sealed ?? '', contextOf(row));
    if (!bytes.ok) throw new Error(`the digests' signing key does not open: ${bytes.reason}`);
    const der = Buffer.from(bytes.value);
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    bytes.value.fill(0);
    const made = { fingerprint: row.fingerprint, key };
    opened.set(row.fingerprint, made);
    return made;
  }

  async function renew(region: string): Promise<SigningKey> {
    const there = await newest(region);
    const nowMs = clock.nowMs();
    if (there && nowMs < there.row.validFromMs + signsForMs) return open(there.row);
    const row = await makeRow(vault, region, nowMs);
    await store.write(async (tx) => {
      if (there) {
        const { sealed: _, ...old } = there.row;
        await tx.put(signingKeyRows, there.key, old);
      }
      await tx.put(signingKeyRows, `${region}/${sortable(nowMs)}`, row);
    });
    return open(row);
  }

  return {
    current(region) {
      const run = making.get(region) ?? renew(region).finally(() => making.delete(region));
      making.set(region, run);
      return run;
    },
    async list(region, { startMs, endMs }) {
      const prefix = `${region}/`;
      const entries = await store.list(signingKeyRows, { prefix, limit: mostKeys });
      return entries
        .map(({ row }) => row)
        .filter((row) => row.validFromMs - marginMs <= endMs && row.validToMs >= startMs);
    },
  };
}

async function makeRow(vault: Vault, region: string, nowMs: number): Promise<SigningKeyRow> {
  // Off the thread that serves: a pair takes a good part of a second.
  const made = await promisify(generateKeyPair)('rsa', {
    modulusLength,
    publicKeyEncoding: { format: 'der', type: 'pkcs1' },
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
  });
  // As it was made: Node 24 reads a key in this form and does not write it again.
  const der = made.publicKey;
  const fingerprint = fingerprintOf(der);
  const sealed = vault.sealBytes(made.privateKey, contextOf({ region, fingerprint }));
  made.privateKey.fill(0);
  return {
    region,
    validFromMs: nowMs,
    validToMs: nowMs + signsForMs + marginMs,
    publicKey: der.toString('base64'),
    fingerprint,
    sealed,
  };
}

/** MD5 of the PKCS#1 DER, hex: a name, no proof. */
export function fingerprintOf(der: Uint8Array): string {
  return createHash('md5').update(der).digest('hex');
}

function contextOf({ region, fingerprint }: Pick<SigningKeyRow, 'region' | 'fingerprint'>) {
  return { purpose: 'trail-digest-key', region, fingerprint };
}

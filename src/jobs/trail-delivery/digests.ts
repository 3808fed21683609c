/**
 * Writes the digests of a trail: one for each of its regions, of what was delivered since the last
 * one. Their end is recorded before they are written, so that after a crash the same digests are
 * written again.
 */
import type { Anchor } from '../../engines/trail/digests/anchor.ts';
import {
  digestOf,
  sha256Of,
  signatureAlgorithm,
  signDigest,
} from '../../engines/trail/digests/digest.ts';
import { digestKey, isoSeconds } from '../../engines/trail/digests/names.ts';
import type { Chain, DeliveryRow, PreviousDigest } from '../../engines/trail/digests/rows.ts';
import type { SigningKeys } from '../../engines/trail/digests/signing-keys.ts';
import { secondMs } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { secondOf, zipped } from './log-files.ts';
import type { PutFile } from './put.ts';
import { change, type Delivery, succeeded } from './state.ts';

export interface DigestParts {
  readonly store: MetadataStore;
  readonly signingKeys: SigningKeys;
  readonly anchor?: Anchor | undefined;
  readonly log: Logger;
}

/** When the digests that come next may be dated at the earliest. */
export function earliestEndMs({ row, run }: Pick<Delivery, 'row' | 'run'>): number {
  return Math.max(startOf({ row, run }), row.lastDigestEndMs ?? 0) + secondMs;
}

/** Since when what is delivered belongs to the next digest. */
export function startOf({ row, run }: Pick<Delivery, 'row' | 'run'>): number {
  const startMs = row.periodStartMs ?? secondOf(run.startedAtMs);
  return Math.max(startMs, row.lastDigestEndMs ?? 0);
}

/** Throws `NotDelivered` when one cannot be put; those that were put are put again next time. */
export async function writeDigests(
  { store, signingKeys, anchor, log }: DigestParts,
  delivery: Delivery,
  { nowMs, put }: { readonly nowMs: number; readonly put: PutFile },
): Promise<void> {
  const { trail, row } = delivery;
  const endMs = row.pendingEndMs ?? secondOf(nowMs);
  const claimed = await change(store, delivery, (now) => ({ ...now, pendingEndMs: endMs }));
  if (!claimed) return;
  const heads: Head[] = [];
  for (const chain of chainsOf(delivery)) {
    const { fingerprint, key: signingKey } = await signingKeys.current(chain.region);
    const { prefix, account, bucket, name, region: homeRegion } = trail;
    const place = { prefix, account, region: chain.region };
    const key = digestKey(place, { trail: name, homeRegion, endMs });
    const digest = digestOf({
      ...{ account, bucket, key, endMs, fingerprint, startMs: startOf(delivery) },
      ...{ previous: chain.previous, files: chain.files },
    });
    const bytes = Buffer.from(JSON.stringify(digest));
    const signature = signDigest(digest, bytes, signingKey);
    await put(trail, key, await zipped(bytes), {
      signature,
      'signature-algorithm': signatureAlgorithm,
    });
    heads.push({
      region: chain.region,
      previous: { bucket, key, sha256: sha256Of(bytes), signature },
    });
  }
  const written: Record<string, number> = { ...row.written };
  for (const { region } of heads) written[region] = (written[region] ?? 0) + 1;
  const done = await change(store, delivery, (now) =>
    closed(now, { heads, endMs, written, nowMs }),
  );
  if (!done || !anchor) return;
  for (const { region, previous } of heads) {
    const record = {
      ...previous,
      ...{ trailArn: trail.arn, region, endTime: isoSeconds(endMs) },
      ...{
        chainLength: written[region] ?? 0,
        trailCreated: new Date(trail.createdAtMs).toISOString(),
      },
    };
    // The next digest is noted again; meanwhile the note is older, and proves less.
    await anchor.write(record).catch((cause: unknown) => {
      log.error('the newest digest could not be noted in the anchor', cause, { key: previous.key });
    });
  }
}

interface Head {
  readonly region: string;
  readonly previous: PreviousDigest;
}

interface Closing {
  readonly heads: readonly Head[];
  readonly endMs: number;
  readonly written: Readonly<Record<string, number>>;
  readonly nowMs: number;
}

function closed(row: DeliveryRow, { heads, endMs, written, nowMs }: Closing): DeliveryRow {
  const { pendingEndMs: _, ...rest } = row;
  return {
    ...rest,
    written,
    chains: heads.map(({ region, previous }) => ({ region, previous, files: [] })),
    periodStartMs: endMs,
    lastDigestEndMs: endMs,
    digest: { ...succeeded(nowMs), succeededAtMs: endMs },
  };
}

/** The home region has digests though nothing happened there. */
function chainsOf({ trail, row }: Delivery): readonly Chain[] {
  const hasHome = row.chains.some(({ region }) => region === trail.region);
  return hasHome ? row.chains : [{ region: trail.region, files: [] }, ...row.chains];
}

/** The keys by which anybody can check digests. */
import type { ListPublicKeysRequest, ListPublicKeysResponse } from '@aws-sdk/client-cloudtrail';
import { dayMs } from '../../kernel/clock.ts';
import type { Ctx } from './context.ts';
import { faults } from './faults.ts';

/** Of the caller's region; of the last day unless a time is given. */
export async function listPublicKeys(
  { StartTime, EndTime, NextToken: token }: ListPublicKeysRequest,
  ctx: Ctx,
): Promise<ListPublicKeysResponse> {
  // Everything fits into the first page.
  if (token !== undefined) throw faults.invalidToken();
  const endMs = EndTime?.getTime() ?? ctx.clock.nowMs();
  const startMs = StartTime?.getTime() ?? endMs - dayMs;
  if (startMs > endMs) throw faults.timeRange('StartTime must not be later than EndTime.');
  const rows = await ctx.signingKeys.list(ctx.scope.region, { startMs, endMs });
  return {
    PublicKeyList: rows.map((row) => ({
      Value: new Uint8Array(Buffer.from(row.publicKey, 'base64')),
      ValidityStartTime: new Date(row.validFromMs),
      ValidityEndTime: new Date(row.validToMs),
      Fingerprint: row.fingerprint,
    })),
  };
}

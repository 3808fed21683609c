/** What the operations that use keys have in common: refusals, dry runs and forms of bytes. */
import type * as sdk from '@aws-sdk/client-kms';
import { PairsBusy } from '../../engines/keys/crypto/pairs.ts';
import type { KeyAnswer } from '../../engines/keys/keys.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import type { KmsCtx } from './context.ts';
import { faultOf, faults } from './faults.ts';
import { keyNamed } from './key-named.ts';

/** The value, or the refusal thrown. */
export function answered<T>(answer: KeyAnswer<T>): T {
  if (!answer.ok) throw faultOf(answer);
  return answer.value;
}

/** The key to use. Throws NotFound. */
export function keyOf(reference: string | undefined, ctx: KmsCtx): Promise<KeyRow> {
  return keyNamed(ctx.store, reference ?? '', ctx.scope);
}

/** There are no enclaves here to answer to. */
export function assertNoRecipient(recipient: sdk.RecipientInfo | undefined): void {
  if (recipient) throw faults.unsupported('Recipient: attested recipients are not supported.');
}

/** The answer, unless all that was asked is whether there would be one. */
export function unlessDry<T>(input: { readonly DryRun?: boolean | undefined }, answer: T): T {
  if (input.DryRun) throw faults.dryRun();
  return answer;
}

const nothing = new Uint8Array(0);

export function bytesOf(given: Uint8Array | undefined): Uint8Array {
  return given ?? nothing;
}

/** Throws as the original does for a member that only some requests need. */
export function assertGiven(given: unknown, member: string): void {
  if (given !== undefined) return;
  throw faults.validation(
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: ` +
      'Member must not be null',
  );
}

/** Waits for a pair of keys; too many at once are told to come again. */
export async function paired<T>(making: Promise<T>): Promise<T> {
  try {
    return await making;
  } catch (cause) {
    if (cause instanceof PairsBusy) throw faults.throttled('Too many key pairs are being made.');
    throw cause;
  }
}

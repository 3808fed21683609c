/** Whether a key can be used for something now, by its state and by what it is made for. */
import type { KeyAnswer, KeyProblem } from '../keys.ts';
import type { KeyRow, KeyUsage } from '../rows.ts';
import { type Algorithms, algorithmsOf } from './specs.ts';

export type KeyRefusal = Extract<KeyAnswer<never>, { ok: false }>;

export interface Wanted {
  readonly usage: KeyUsage;
  /** The operation, as the client called it. */
  readonly operation: string;
  readonly algorithm: string;
}

/** Undefined for a key that can do it now. */
export function unusable(key: KeyRow, wanted: Wanted, nowMs: number): KeyRefusal | undefined {
  return wrongState(key, nowMs) ?? wrongUsage(key, wanted);
}

/** Imported bytes are gone at their hour, whether they have been removed yet or not. */
export function wrongState(key: KeyRow, nowMs: number): KeyRefusal | undefined {
  const { arn, state, validToMs } = key;
  if (state === 'Disabled') return refusal('disabled', `${arn} is disabled.`);
  if (state === 'PendingDeletion') return refusal('invalidState', `${arn} is pending deletion.`);
  const isExpired = validToMs !== undefined && validToMs <= nowMs;
  if (state === 'PendingImport' || isExpired) {
    return refusal('invalidState', `${arn} is pending import.`);
  }
  return undefined;
}

const listOf: Readonly<Record<KeyUsage, keyof Algorithms>> = {
  ENCRYPT_DECRYPT: 'encryption',
  SIGN_VERIFY: 'signing',
  GENERATE_VERIFY_MAC: 'mac',
  KEY_AGREEMENT: 'agreement',
};

export function wrongUsage(
  { arn, spec, usage }: KeyRow,
  { usage: wanted, operation, algorithm }: Wanted,
): KeyRefusal | undefined {
  if (usage !== wanted) {
    const reason = `${arn} key usage is ${usage} which is not valid for ${operation}.`;
    return refusal('invalidUsage', reason);
  }
  const known: readonly string[] = algorithmsOf(spec, usage)[listOf[usage]];
  if (known.includes(algorithm)) return undefined;
  const reason = `Algorithm ${algorithm} is incompatible with key spec ${spec}.`;
  return refusal('invalidUsage', reason);
}

export function refusal(problem: KeyProblem, reason: string): KeyRefusal {
  return { ok: false, problem, reason };
}

/** One for all that does not open: the original has no words for it. */
export const invalidCiphertext = refusal('invalidCiphertext', '');

export const incorrectKey = refusal(
  'incorrectKey',
  'The key ID in the request does not identify a CMK that can perform this operation.',
);

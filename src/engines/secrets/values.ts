/**
 * Values sealed and opened: each version has a data key of its own from the secret's managed key,
 * bound to the ARN of the secret and the id of the version.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Random } from '../../kernel/random.ts';
import { open, seal } from '../envelope/envelope.ts';
import type { Keys } from '../keys/keys.ts';
import type { KeyRow } from '../keys/rows.ts';
import { given, refusals, type SecretAnswer } from './answer.ts';
import type { SecretRow, ValueRow } from './rows.ts';

export const mostValueBytes = 65_536;
/** Whose key seals when none is named: `alias/aws/…`. */
export const keyService = 'secretsmanager';
/** In place of a version's id when it is only tried whether a key seals. */
export const trialVersion = 'RequestToValidateKeyAccess';
const dataKeyBytes = 32;

export interface SecretValue {
  readonly form: 'text' | 'bytes';
  readonly bytes: Uint8Array;
}

export interface ValueParts {
  readonly keys: Keys;
  readonly random: Random;
}

export interface Sealed {
  readonly row: ValueRow;
  readonly keyArn: string;
}

export type KeyedSecret = Pick<SecretRow, 'arn' | 'account' | 'region' | 'keyId'>;

/** What the managed key binds a value to, in Amazon's names. */
export function valueContext(secretArn: string, version: string): Record<string, string> {
  return { SecretARN: secretArn, SecretVersionId: version };
}

/** The key that new values of the secret are sealed under; undefined when it is gone. */
export async function keyOf(
  { arn, account, region, keyId }: KeyedSecret,
  keys: Keys,
): Promise<SecretAnswer<KeyRow>> {
  const scope = { partition: partitionOf(arn), account, region };
  if (keyId === undefined) return given(await keys.ofService(keyService, scope));
  const found = await keys.find(keyId, scope);
  return found.ok ? given(found.value) : refusals.encryption(found.reason);
}

function partitionOf(arn: string): string {
  return arn.split(':')[1] ?? '';
}

export async function sealValue(
  { keys, random }: ValueParts,
  { secret, version, value }: SealAsked,
): Promise<SecretAnswer<Sealed>> {
  const key = await keyOf(secret, keys);
  if (!key.ok) return key;
  const context = valueContext(secret.arn, version);
  const made = await keys.dataKey(key.value, { context, sizeBytes: dataKeyBytes });
  if (!made.ok) return refusals.encryption(made.reason);
  const { plaintext, sealed: sealedKey, keyArn } = made.value;
  const { form, bytes } = value;
  const sealed = seal(bytes, { key: plaintext, context: { ...context, form }, random });
  plaintext.fill(0);
  return given({ row: { form, sealedKey: base64(sealedKey), sealed: base64(sealed) }, keyArn });
}

export interface SealAsked {
  readonly secret: KeyedSecret;
  readonly version: string;
  readonly value: SecretValue;
}

export async function openValue(
  row: ValueRow,
  { keys, secret, version }: OpenAsked,
): Promise<SecretAnswer<SecretValue>> {
  const context = valueContext(secret, version);
  const key = await keys.open(Buffer.from(row.sealedKey, 'base64'), { context });
  if (!key.ok) return refusals.decryption(key.reason);
  const { plaintext } = key.value;
  const { form } = row;
  const sealed = Buffer.from(row.sealed, 'base64');
  const opened = open(sealed, { key: plaintext, context: { ...context, form } });
  plaintext.fill(0);
  return opened.ok ? given({ form, bytes: opened.value }) : refusals.decryption(opened.reason);
}

export interface OpenAsked {
  readonly keys: Keys;
  /** Its ARN. */
  readonly secret: string;
  readonly version: string;
}

export function sameValue(a: SecretValue, b: SecretValue): boolean {
  if (a.form !== b.form || a.bytes.length !== b.bytes.length) return false;
  return timingSafeEqual(a.bytes, b.bytes);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

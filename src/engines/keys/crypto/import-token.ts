/**
 * What an import begins with: a wrapping key for the way in, and a token that carries its other
 * half, sealed. Nothing is stored; a token is good for one key, for a day.
 */
import { type Clock, dayMs } from '../../../kernel/clock.ts';
import type { Vault } from '../../envelope/vault.ts';
import type { MakePair } from './pairs.ts';
import { type WrappingAlgorithm, wrappingAlgorithms } from './wrapping.ts';

export type WrappingSpec = 'RSA_2048' | 'RSA_3072' | 'RSA_4096';

export interface TokenParts {
  readonly vault: Vault;
  readonly clock: Clock;
}

export interface StartParts extends TokenParts {
  readonly makePair: MakePair;
}

export interface ImportStart {
  readonly token: Uint8Array;
  /** SPKI DER. */
  readonly publicKey: Uint8Array;
  readonly validToMs: number;
}

const lifeMs = dayMs;
/** Algorithm, end of validity, then the private key. */
const headBytes = 1 + 8;

const context = (keyArn: string) => ({ purpose: 'import-token', key: keyArn });

/** Throws `PairsBusy` when too many pairs are being made. */
export async function startImport(
  { vault, clock, makePair }: StartParts,
  keyArn: string,
  { algorithm, spec }: { readonly algorithm: WrappingAlgorithm; readonly spec: WrappingSpec },
): Promise<ImportStart> {
  const { privateKey, publicKey } = await makePair(spec);
  const validToMs = clock.nowMs() + lifeMs;
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(wrappingAlgorithms.indexOf(algorithm));
  head.writeBigUInt64BE(BigInt(validToMs), 1);
  const content = Buffer.concat([head, privateKey]);
  const token = Buffer.from(vault.sealBytes(content, context(keyArn)), 'base64');
  for (const secret of [content, privateKey]) secret.fill(0);
  return { token, publicKey, validToMs };
}

export type TokenContent =
  | { readonly kind: 'good'; readonly algorithm: WrappingAlgorithm; readonly privateKey: Buffer }
  | { readonly kind: 'expired' }
  | { readonly kind: 'invalid' };

/** `invalid`: made elsewhere, changed, or for another key. */
export function readToken(
  { vault, clock }: TokenParts,
  keyArn: string,
  token: Uint8Array,
): TokenContent {
  const opened = vault.openBytes(Buffer.from(token).toString('base64'), context(keyArn));
  if (!opened.ok) return { kind: 'invalid' };
  const content = Buffer.from(opened.value);
  opened.value.fill(0);
  const algorithm = wrappingAlgorithms[content.readUInt8()];
  const isOver = Number(content.readBigUInt64BE(1)) <= clock.nowMs();
  if (algorithm === undefined || isOver) {
    content.fill(0);
    return { kind: isOver ? 'expired' : 'invalid' };
  }
  return { kind: 'good', algorithm, privateKey: content.subarray(headBytes) };
}

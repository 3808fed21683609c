/** Encrypt, Decrypt and ReEncrypt: small data, directly under a key. */
import type * as sdk from '@aws-sdk/client-kms';
import type { OaepAlgorithm } from '../../engines/keys/crypto/rsa.ts';
import { oaepLimitBytes, specs } from '../../engines/keys/crypto/specs.ts';
import { invalidCiphertext, wrongUsage } from '../../engines/keys/crypto/usable.ts';
import type { EncryptionContext } from '../../engines/keys/keys.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import type { KmsCtx } from './context.ts';
import {
  answered,
  assertGiven,
  assertNoRecipient,
  bytesOf,
  keyOf,
  unlessDry,
} from './crypto-answers.ts';
import { faultOf, faults } from './faults.ts';

const symmetric = 'SYMMETRIC_DEFAULT';

export async function encrypt(
  input: sdk.EncryptRequest,
  ctx: KmsCtx,
): Promise<sdk.EncryptResponse> {
  const { EncryptionAlgorithm = symmetric, EncryptionContext: context } = input;
  const key = await keyOf(input.KeyId, ctx);
  const how = { algorithm: EncryptionAlgorithm, context, operation: 'Encrypt' };
  const CiphertextBlob = await encrypted(ctx, key, { ...how, text: bytesOf(input.Plaintext) });
  return unlessDry(input, { CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm });
}

export async function decrypt(
  input: sdk.DecryptRequest,
  ctx: KmsCtx,
): Promise<sdk.DecryptResponse> {
  assertNoRecipient(input.Recipient);
  const { EncryptionAlgorithm = symmetric, EncryptionContext: context } = input;
  if (ignoresCiphertext(input)) await assertDecrypts(input.KeyId, EncryptionAlgorithm, ctx);
  else assertGiven(input.CiphertextBlob, 'ciphertextBlob');
  const { plaintext, ...rest } = await decrypted(ctx, {
    ...{ algorithm: EncryptionAlgorithm, context, operation: 'Decrypt' },
    ...{ keyId: input.KeyId, text: bytesOf(input.CiphertextBlob) },
  });
  const KeyMaterialId = rest.material;
  return unlessDry(input, {
    ...{ KeyId: rest.keyArn, Plaintext: plaintext, EncryptionAlgorithm },
    ...(KeyMaterialId === undefined ? {} : { KeyMaterialId }),
  });
}

export async function reEncrypt(
  input: sdk.ReEncryptRequest,
  ctx: KmsCtx,
): Promise<sdk.ReEncryptResponse> {
  const { SourceEncryptionAlgorithm = symmetric, DestinationEncryptionAlgorithm = symmetric } =
    input;
  const operation = 'ReEncrypt';
  const destination = await keyOf(input.DestinationKeyId, ctx);
  const how = {
    ...{ algorithm: DestinationEncryptionAlgorithm, operation },
    context: input.DestinationEncryptionContext,
  };
  if (ignoresCiphertext(input)) {
    assertFits(destination, how);
    await assertDecrypts(input.SourceKeyId, SourceEncryptionAlgorithm, ctx);
  } else assertGiven(input.CiphertextBlob, 'ciphertextBlob');
  const source = await decrypted(ctx, {
    ...{ algorithm: SourceEncryptionAlgorithm, context: input.SourceEncryptionContext, operation },
    ...{ keyId: input.SourceKeyId, text: bytesOf(input.CiphertextBlob) },
  });
  try {
    const CiphertextBlob = await encrypted(ctx, destination, { ...how, text: source.plaintext });
    const isSymmetric = DestinationEncryptionAlgorithm === symmetric;
    return unlessDry(input, {
      ...{ CiphertextBlob, SourceKeyId: source.keyArn, KeyId: destination.arn },
      ...{ SourceEncryptionAlgorithm, DestinationEncryptionAlgorithm },
      ...(source.material === undefined ? {} : { SourceKeyMaterialId: source.material }),
      ...(isSymmetric && destination.material !== undefined
        ? { DestinationKeyMaterialId: destination.material }
        : {}),
    });
  } finally {
    source.plaintext.fill(0);
  }
}

interface How {
  readonly algorithm: sdk.EncryptionAlgorithmSpec;
  readonly context: EncryptionContext | undefined;
  readonly operation: string;
}

async function encrypted(
  { keys }: KmsCtx,
  key: KeyRow,
  { text, ...how }: How & { readonly text: Uint8Array },
): Promise<Uint8Array> {
  assertFits(key, how);
  const { algorithm, context = {}, operation } = how;
  if (algorithm === symmetric) return answered(await keys.seal(key, text, context));
  const facts = specs[key.spec];
  const oaep = algorithm as OaepAlgorithm;
  const limitBytes = facts.kind === 'rsa' ? oaepLimitBytes(facts.modulusBits, oaep) : 0;
  if (text.length > limitBytes) {
    throw faults.validation(
      `Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ` +
        `${limitBytes} bytes.`,
    );
  }
  return answered(await keys.encryptTo(key, text, { algorithm: oaep, operation }));
}

interface Decrypted {
  readonly plaintext: Uint8Array;
  readonly keyArn: string;
  /** Of symmetric keys. */
  readonly material?: string;
}

async function decrypted(
  ctx: KmsCtx,
  { keyId, text, ...how }: How & { readonly keyId: string | undefined; readonly text: Uint8Array },
): Promise<Decrypted> {
  const { algorithm, context = {}, operation } = how;
  if (algorithm !== symmetric) {
    if (keyId === undefined) throw faults.validation(`KeyId is required for ${algorithm}.`);
    const key = await keyOf(keyId, ctx);
    assertFits(key, how);
    const oaep = algorithm as OaepAlgorithm;
    const plaintext = answered(
      await ctx.keys.decryptFrom(key, text, { algorithm: oaep, operation }),
    );
    return { plaintext, keyArn: key.arn };
  }
  if (keyId === undefined) {
    // A ciphertext names its key wherever it is; this is the service of one region.
    const owner = answered(await ctx.keys.keyOf(text));
    if (owner.region !== ctx.scope.region) throw faultOf(invalidCiphertext);
    return answered(await ctx.keys.open(text, { context }));
  }
  const key = await keyOf(keyId, ctx);
  assertFits(key, how);
  return answered(await ctx.keys.open(text, { context, keyArn: key.arn }));
}

/** The key is made for it, and a context is given only where one is bound. */
function assertFits(key: KeyRow, { algorithm, context = {}, operation }: How): void {
  const refused = wrongUsage(key, { usage: 'ENCRYPT_DECRYPT', operation, algorithm });
  if (refused) throw faultOf(refused);
  if (algorithm === symmetric || Object.keys(context).length === 0) return;
  throw faults.validation(`EncryptionContext is not supported with ${algorithm}.`);
}

interface Dry {
  readonly DryRun?: boolean | undefined;
  readonly DryRunModifiers?: sdk.DryRunModifierType[] | undefined;
}

function ignoresCiphertext({ DryRun, DryRunModifiers = [] }: Dry): boolean {
  if (DryRunModifiers.length === 0) return false;
  if (!DryRun) throw faults.validation('DryRunModifiers is valid only when DryRun is true.');
  return true;
}

/** Asked without a ciphertext: always throws, at best that it would have succeeded. */
async function assertDecrypts(
  keyId: string | undefined,
  algorithm: sdk.EncryptionAlgorithmSpec,
  ctx: KmsCtx,
): Promise<void> {
  assertGiven(keyId, 'keyId');
  const key = await keyOf(keyId, ctx);
  assertFits(key, { algorithm, context: {}, operation: 'Decrypt' });
  throw faults.dryRun();
}

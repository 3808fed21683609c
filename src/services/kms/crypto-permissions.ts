/** What each operation that uses a key needs permission for. */
import type * as sdk from '@aws-sdk/client-kms';
import type { EncryptionContext } from '../../engines/keys/keys.ts';
import { formatArn } from '../../kernel/arn.ts';
import type { Check, KeyValue } from '../../kernel/check.ts';
import type { Permissions } from '../../wire/operation.ts';
import type { KmsCtx } from './context.ts';
import { bytesOf } from './crypto-answers.ts';
import type { cryptoOperations } from './crypto-operations.ts';
import { keyNeeds, needsOf } from './key-needs.ts';

type Keys = Readonly<Record<string, KeyValue>>;

interface Said {
  readonly KeyId?: string | undefined;
  readonly EncryptionContext?: Record<string, string> | undefined;
}

/** About the key that is named, under condition keys told from the input. */
function onKey<In extends Said>(name: string, keysOf: (input: In) => Keys = () => ({})) {
  const action = `kms:${name}`;
  return (input: In, ctx: KmsCtx): Promise<Check> => {
    const { KeyId = '', EncryptionContext: context } = input;
    return keyNeeds(ctx, KeyId, { action, context, keys: keysOf(input) });
  };
}

const symmetric = 'SYMMETRIC_DEFAULT';
const encryptionKeys = (algorithm: string = symmetric): Keys => ({
  'kms:encryptionalgorithm': algorithm,
});
const macKeys = (input: sdk.GenerateMacRequest): Keys => ({
  'kms:macalgorithm': input.MacAlgorithm ?? '',
});
const signingKeys = (input: sdk.SignRequest): Keys => ({
  'kms:signingalgorithm': input.SigningAlgorithm ?? '',
  'kms:messagetype': input.MessageType ?? 'RAW',
});
const pairKeys = (input: sdk.GenerateDataKeyPairRequest): Keys => ({
  ...encryptionKeys(),
  'kms:datakeypairspec': input.KeyPairSpec ?? '',
});

interface Opening {
  readonly keyId?: string | undefined;
  readonly sealed?: Uint8Array | undefined;
  readonly context?: EncryptionContext | undefined;
  readonly algorithm?: string | undefined;
  readonly keys?: Keys;
}

/** About the key that is named, or else the one that the ciphertext names. */
async function onSealed(ctx: KmsCtx, action: string, opening: Opening): Promise<Check> {
  const { keyId, sealed, context, algorithm, keys } = opening;
  const need = { action, context, keys: { ...encryptionKeys(algorithm), ...keys } };
  if (keyId !== undefined) return keyNeeds(ctx, keyId, need);
  const found = await ctx.keys.keyOf(bytesOf(sealed));
  if (found.ok) return needsOf(ctx, found.value, need);
  // It opens with no key: who may use any learns so.
  return { action, resource: formatArn(ctx.scope, 'kms', 'key/*'), keys: need.keys };
}

async function reEncryptNeeds(input: sdk.ReEncryptRequest, ctx: KmsCtx): Promise<readonly Check[]> {
  const from = {
    ...{ keyId: input.SourceKeyId, sealed: input.CiphertextBlob },
    ...{ context: input.SourceEncryptionContext, algorithm: input.SourceEncryptionAlgorithm },
  };
  const to = {
    ...{ keyId: input.DestinationKeyId, context: input.DestinationEncryptionContext },
    algorithm: input.DestinationEncryptionAlgorithm,
  };
  const actions = ['kms:ReEncryptFrom', 'kms:ReEncryptTo'] as const;
  const [source, destination] = await Promise.all([
    onSealed(ctx, actions[0], from),
    onSealed(ctx, actions[1], to),
  ]);
  const same = { 'kms:reencryptonsamekey': source.resource === destination.resource };
  return [source, destination].map((check) => ({ ...check, keys: { ...check.keys, ...same } }));
}

export const cryptoPermissions: Permissions<typeof cryptoOperations, KmsCtx> = {
  Encrypt: onKey('Encrypt', (input) => encryptionKeys(input.EncryptionAlgorithm)),
  Decrypt: (input, ctx) =>
    onSealed(ctx, 'kms:Decrypt', {
      ...{ keyId: input.KeyId, sealed: input.CiphertextBlob },
      ...{ context: input.EncryptionContext, algorithm: input.EncryptionAlgorithm },
    }),
  ReEncrypt: reEncryptNeeds,
  GenerateDataKey: onKey('GenerateDataKey', () => encryptionKeys()),
  GenerateDataKeyWithoutPlaintext: onKey('GenerateDataKeyWithoutPlaintext', () => encryptionKeys()),
  GenerateDataKeyPair: onKey('GenerateDataKeyPair', pairKeys),
  GenerateDataKeyPairWithoutPlaintext: onKey('GenerateDataKeyPairWithoutPlaintext', pairKeys),
  GenerateRandom: () => ({ action: 'kms:GenerateRandom', resource: '*' }),
  GenerateMac: onKey('GenerateMac', macKeys),
  VerifyMac: onKey('VerifyMac', macKeys),
  Sign: onKey('Sign', signingKeys),
  Verify: onKey('Verify', signingKeys),
  GetPublicKey: onKey('GetPublicKey'),
  DeriveSharedSecret: onKey('DeriveSharedSecret', (input: sdk.DeriveSharedSecretRequest) => ({
    'kms:keyagreementalgorithm': input.KeyAgreementAlgorithm ?? '',
  })),
  GetParametersForImport: onKey(
    'GetParametersForImport',
    (input: sdk.GetParametersForImportRequest) => ({
      'kms:wrappingalgorithm': input.WrappingAlgorithm ?? '',
      'kms:wrappingkeyspec': input.WrappingKeySpec ?? '',
    }),
  ),
  ImportKeyMaterial: onKey('ImportKeyMaterial', (input: sdk.ImportKeyMaterialRequest) => ({
    'kms:expirationmodel': input.ExpirationModel ?? 'KEY_MATERIAL_EXPIRES',
    ...(input.ValidTo === undefined ? {} : { 'kms:validto': input.ValidTo.getTime() }),
  })),
  DeleteImportedKeyMaterial: onKey('DeleteImportedKeyMaterial'),
};

/** Key material that was made elsewhere: its way in, and its end. */
import type * as sdk from '@aws-sdk/client-kms';
import {
  readToken,
  startImport,
  type WrappingSpec,
} from '../../engines/keys/crypto/import-token.ts';
import {
  fittingBytes,
  type Given,
  importMaterial as importInto,
  removeMaterial,
} from '../../engines/keys/crypto/imported.ts';
import { specs } from '../../engines/keys/crypto/specs.ts';
import {
  unwrap,
  type WrappingAlgorithm,
  wrappingAlgorithms,
  wrapsTwice,
} from '../../engines/keys/crypto/wrapping.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import { upkeepLoop } from '../../jobs/key-upkeep/loop.ts';
import { dayMs } from '../../kernel/clock.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { KmsCtx } from './context.ts';
import { bytesOf, paired } from './crypto-answers.ts';
import { faultOf, faults } from './faults.ts';
import { assertState, managedKey } from './key-named.ts';

export async function getParametersForImport(
  input: sdk.GetParametersForImportRequest,
  ctx: KmsCtx,
): Promise<sdk.GetParametersForImportResponse> {
  const { store, vault, clock, keys } = ctx;
  const key = await importing(store, input.KeyId, ctx);
  const how = wrappingFor(key, input);
  const { token, publicKey, validToMs } = await paired(
    startImport({ vault, clock, makePair: keys.makePair }, key.arn, how),
  );
  return {
    ...{ KeyId: key.arn, ImportToken: token, PublicKey: publicKey },
    ParametersValidTo: new Date(validToMs),
  };
}

export async function importKeyMaterial(
  input: sdk.ImportKeyMaterialRequest,
  ctx: KmsCtx,
): Promise<sdk.ImportKeyMaterialResponse> {
  const { store, vault, clock, keys, lifecycle } = ctx;
  const asked = await importing(store, input.KeyId, ctx);
  const expiresAtMs = expiryOf(input, clock.nowMs());
  const type = typeOf(input);
  const bytes = unwrapped(asked, input, ctx);
  const given: Omit<Given, 'bytes'> = {
    ...(type === undefined ? {} : { type }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    ...(input.KeyMaterialId === undefined ? {} : { material: input.KeyMaterialId }),
    ...(input.KeyMaterialDescription === undefined
      ? {}
      : { description: input.KeyMaterialDescription }),
  };
  try {
    const done = await store.write(async (tx) => {
      const key = await importing(tx, input.KeyId, ctx);
      // A copy: what is written may be tried again, and is cleared each time.
      return importInto({ tx, vault, clock }, key, { ...given, bytes: Buffer.from(bytes) });
    });
    if (done.kind === 'other') throw faults.incorrectMaterial(done.reason);
    if (done.kind === 'waiting') throw faults.invalidState(done.reason);
    keys.forget(asked.arn);
    lifecycle.wake(upkeepLoop);
    const isSymmetric = asked.spec === 'SYMMETRIC_DEFAULT';
    return { KeyId: asked.arn, ...(isSymmetric ? { KeyMaterialId: done.material } : {}) };
  } finally {
    bytes.fill(0);
  }
}

export async function deleteImportedKeyMaterial(
  { KeyId, KeyMaterialId }: sdk.DeleteImportedKeyMaterialRequest,
  ctx: KmsCtx,
): Promise<sdk.DeleteImportedKeyMaterialResponse> {
  const { store, clock, keys } = ctx;
  const { arn, spec, material } = await store.write(async (tx) => {
    const key = await importing(tx, KeyId, ctx);
    return { ...key, material: await removeMaterial({ tx, clock }, key, KeyMaterialId) };
  });
  keys.forget(arn);
  if (material === undefined && KeyMaterialId !== undefined) {
    throw faults.notFound(`Key material ${KeyMaterialId} of ${arn} does not exist`);
  }
  const isNamed = spec === 'SYMMETRIC_DEFAULT' && material !== undefined;
  return { KeyId: arn, ...(isNamed ? { KeyMaterialId: material } : {}) };
}

async function importing(
  reader: Reader,
  reference: string | undefined,
  { scope }: KmsCtx,
): Promise<KeyRow> {
  const key = await managedKey(reader, reference ?? '', scope);
  if (key.origin !== 'EXTERNAL') {
    throw faults.unsupported(
      `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
    );
  }
  assertState(key, 'Enabled', 'Disabled', 'PendingImport');
  return key;
}

const wrappingSpecs: readonly WrappingSpec[] = ['RSA_2048', 'RSA_3072', 'RSA_4096'];

function wrappingFor({ spec }: KeyRow, input: sdk.GetParametersForImportRequest) {
  const algorithm = wrappingAlgorithms.find((known) => known === input.WrappingAlgorithm);
  const wrapping = wrappingSpecs.find((known) => known === input.WrappingKeySpec);
  if (!algorithm || !wrapping) {
    const what = algorithm
      ? `WrappingKeySpec ${input.WrappingKeySpec}`
      : `WrappingAlgorithm ${input.WrappingAlgorithm}`;
    throw faults.unsupported(`${what} is not supported.`);
  }
  if (!hasRoom(spec, algorithm, wrapping)) {
    throw faults.unsupported(
      `WrappingAlgorithm ${algorithm} with WrappingKeySpec ${wrapping} cannot wrap key material ` +
        `of ${spec}.`,
    );
  }
  return { algorithm, spec: wrapping };
}

/** What RSA wraps directly must be shorter than its modulus. */
function hasRoom(spec: KeyRow['spec'], algorithm: WrappingAlgorithm, wrapping: WrappingSpec) {
  if (wrapsTwice(algorithm)) return true;
  if (specs[spec].kind === 'rsa') return false;
  return spec !== 'ECC_NIST_P521' || wrapping !== 'RSA_2048';
}

const longestLifeMs = 365 * dayMs;

/** Undefined for what does not expire. */
function expiryOf(
  { ExpirationModel = 'KEY_MATERIAL_EXPIRES', ValidTo }: sdk.ImportKeyMaterialRequest,
  nowMs: number,
): number | undefined {
  if (ExpirationModel === 'KEY_MATERIAL_DOES_NOT_EXPIRE') {
    if (ValidTo === undefined) return undefined;
    throw faults.validation('ValidTo must not be set with KEY_MATERIAL_DOES_NOT_EXPIRE.');
  }
  if (ValidTo === undefined) {
    throw faults.validation(
      'A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES',
    );
  }
  const untilMs = ValidTo.getTime() - nowMs;
  if (untilMs > 0 && untilMs <= longestLifeMs) return ValidTo.getTime();
  throw faults.validation('ValidTo must be in the future, and at most 365 days from now.');
}

function typeOf({
  ImportType,
  KeyMaterialId,
}: sdk.ImportKeyMaterialRequest): 'new' | 'existing' | undefined {
  if (ImportType !== 'NEW_KEY_MATERIAL') {
    return ImportType === 'EXISTING_KEY_MATERIAL' ? 'existing' : undefined;
  }
  if (KeyMaterialId === undefined) return 'new';
  throw faults.validation('KeyMaterialId must not be set with NEW_KEY_MATERIAL.');
}

/** The bytes on their way in, checked to fit the key. */
function unwrapped(key: KeyRow, input: sdk.ImportKeyMaterialRequest, ctx: KmsCtx): Buffer {
  const token = readToken(ctx, key.arn, bytesOf(input.ImportToken));
  if (token.kind === 'expired') throw faults.expiredToken();
  if (token.kind === 'invalid') throw faults.invalidToken('The import token is not valid.');
  const bytes = unwrap(bytesOf(input.EncryptedKeyMaterial), token);
  token.privateKey.fill(0);
  if (!bytes) throw faultOf({ problem: 'invalidCiphertext', reason: '' });
  const fitting = fittingBytes(key, bytes);
  if (fitting.ok) return fitting.value;
  bytes.fill(0);
  throw faults.incorrectMaterial(fitting.reason);
}

/** Making keys: which specs go with which usages and origins. */
import type * as sdk from '@aws-sdk/client-kms';
import { algorithmsOf, specs } from '../../engines/keys/crypto/specs.ts';
import { insertKey, newKey } from '../../engines/keys/making.ts';
import type { KeyRow, KeySpec, KeyUsage } from '../../engines/keys/rows.ts';
import { formatArn } from '../../kernel/arn.ts';
import type { KmsCtx } from './context.ts';
import { paired } from './crypto-answers.ts';
import { faults } from './faults.ts';
import { metadataOf } from './key-shape.ts';
import { checkedPolicy } from './policy-guard.ts';
import { mergedTags } from './tags.ts';

export async function createKey(
  input: sdk.CreateKeyRequest,
  ctx: KmsCtx,
): Promise<sdk.CreateKeyResponse> {
  const { scope, store, random, clock, lifecycle } = ctx;
  const kind = kindOf(input);
  const tags = mergedTags([], input.Tags);
  const { Policy: policy, BypassPolicyLockoutSafetyCheck: bypass } = input;
  const keyArn = formatArn(scope, 'kms', 'key/*');
  const written = policy === undefined ? {} : await checkedPolicy(ctx, { policy, keyArn, bypass });
  const newMaterial = lifecycle.newMaterial;
  const made = await paired(
    newKey(
      { newMaterial, random, clock },
      {
        ...{ scope, ...kind, tags, ...written, manager: 'customer' },
        description: input.Description ?? '',
        multiRegion: input.MultiRegion ?? false,
      },
    ),
  );
  await store.write((tx) => insertKey(tx, made));
  return { KeyMetadata: metadataOf(made.key) };
}

type Kind = Pick<KeyRow, 'spec' | 'usage' | 'origin'>;

/** What is asked for, also for its condition keys; nothing is judged. */
export function askedKind(input: sdk.CreateKeyRequest) {
  const spec: string = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  const usage: string = input.KeyUsage ?? 'ENCRYPT_DECRYPT';
  return { spec, usage, origin: (input.Origin ?? 'AWS_KMS') as string };
}

function kindOf(input: sdk.CreateKeyRequest): Kind {
  if (input.KeySpec !== undefined && input.CustomerMasterKeySpec !== undefined) {
    throw faults.validation(
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. ' +
        'CustomerMasterKeySpec is deprecated.',
    );
  }
  const { spec, usage, origin } = askedKind(input);
  if (input.CustomKeyStoreId !== undefined || input.XksKeyId !== undefined) {
    throw faults.unsupported('CustomKeyStoreId: this server has no custom key stores.');
  }
  if (origin !== 'AWS_KMS' && origin !== 'EXTERNAL') {
    throw faults.unsupported(`Origin ${origin}: this server has no custom key stores.`);
  }
  if (!Object.hasOwn(specs, spec)) throw faults.unsupported(`KeySpec ${spec} is not supported.`);
  if (input.KeyUsage === undefined && spec !== 'SYMMETRIC_DEFAULT') {
    throw faults.validation(
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    );
  }
  if (!goesWith(spec as KeySpec, usage)) {
    throw faults.validation(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  }
  return { spec: spec as KeySpec, usage: usage as KeyUsage, origin };
}

const usages: ReadonlySet<string> = new Set<KeyUsage>([
  ...(['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] as const),
]);

function goesWith(spec: KeySpec, usage: string): boolean {
  if (!usages.has(usage)) return false;
  return Object.values(algorithmsOf(spec, usage as KeyUsage)).some((list) => list.length > 0);
}

/** Keys as this service describes them. */
import type * as sdk from '@aws-sdk/client-kms';
import { algorithmsOf } from '../../engines/keys/crypto/specs.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';

export function metadataOf(row: KeyRow): sdk.KeyMetadata {
  const { id, arn, account, spec, origin, state } = row;
  return {
    ...{ AWSAccountId: account, KeyId: id, Arn: arn, Description: row.description },
    CreationDate: new Date(row.createdAtMs),
    ...{ Enabled: state === 'Enabled', KeyState: state, KeyUsage: row.usage, Origin: origin },
    KeyManager: row.manager === 'service' ? 'AWS' : 'CUSTOMER',
    ...{ KeySpec: spec, CustomerMasterKeySpec: spec as sdk.CustomerMasterKeySpec },
    ...algorithmMembers(row),
    ...deletionMembers(row),
    ...(origin === 'EXTERNAL' && row.material !== undefined ? expiryMembers(row) : {}),
    ...regionMembers(row),
    ...(spec === 'SYMMETRIC_DEFAULT' && row.material !== undefined
      ? { CurrentKeyMaterialId: row.material }
      : {}),
  };
}

/** Lists that are empty are left out. */
function algorithmMembers({ spec, usage }: KeyRow): Partial<sdk.KeyMetadata> {
  const { encryption, signing, mac, agreement } = algorithmsOf(spec, usage);
  return {
    ...(encryption.length > 0 ? { EncryptionAlgorithms: [...encryption] } : {}),
    ...(signing.length > 0 ? { SigningAlgorithms: [...signing] } : {}),
    ...(mac.length > 0 ? { MacAlgorithms: [...mac] } : {}),
    ...(agreement.length > 0 ? { KeyAgreementAlgorithms: [...agreement] } : {}),
  };
}

function deletionMembers({ deleteAtMs }: KeyRow): Partial<sdk.KeyMetadata> {
  return deleteAtMs === undefined ? {} : { DeletionDate: new Date(deleteAtMs) };
}

function expiryMembers({ validToMs }: KeyRow): Partial<sdk.KeyMetadata> {
  if (validToMs === undefined) return { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' };
  return { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: new Date(validToMs) };
}

/** One server is one region: a multi-Region key is its own primary and has no replicas. */
function regionMembers({ multiRegion, arn, region }: KeyRow): Partial<sdk.KeyMetadata> {
  if (!multiRegion) return { MultiRegion: false };
  const PrimaryKey = { Arn: arn, Region: region };
  return {
    MultiRegion: true,
    MultiRegionConfiguration: { MultiRegionKeyType: 'PRIMARY', PrimaryKey, ReplicaKeys: [] },
  };
}

/**
 * Keys that services use on behalf of an account: behind `alias/aws/SERVICE`, made when first
 * needed, rotated each year. Their policy lets in whoever the service lets in, through it alone.
 */
import { formatArn, type Scope } from '../../kernel/arn.ts';
import { defined } from '../../kernel/assert.ts';
import type { MetadataStore, Reader } from '../../ports/metadata-store.ts';
import { insertKey, type MakingParts, newKey, pretty } from './making.ts';
import { via } from './permission.ts';
import { aliasRows, type KeyRow, keyed, keyRows } from './rows.ts';

/** Aliases of this prefix are not for users to make, move or delete. */
export const reservedPrefix = 'alias/aws/';

/** Services whose alias is shown before there is a key behind it. */
export const servicesWithKeys: readonly string[] = [
  ...['ebs', 'lambda', 's3', 'sagemaker', 'secretsmanager', 'sns', 'sqs', 'ssm'],
];

const rotationDays = 365;

export interface ServiceKeyParts extends MakingParts {
  readonly store: MetadataStore;
}

/** `s3` of `alias/aws/s3`, if it is one that is shown before there is a key. */
export function serviceOfAlias(alias: string): string | undefined {
  if (!alias.startsWith(reservedPrefix)) return undefined;
  const service = alias.slice(reservedPrefix.length);
  return servicesWithKeys.includes(service) ? service : undefined;
}

/** The key behind `alias/aws/SERVICE`, made if there is none. */
export async function serviceKey(
  parts: ServiceKeyParts,
  service: string,
  scope: Scope,
): Promise<KeyRow> {
  const found = await existing(parts.store, service, scope);
  if (found) return found;
  const name = `${reservedPrefix}${service}`;
  const made = await newKey(parts, {
    ...{ scope, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', origin: 'AWS_KMS' },
    ...{ manager: 'service', multiRegion: false, tags: [], rotationDays },
    description: `Default key that protects my data of ${service} when no other key is defined`,
    policy: servicePolicy(service, scope),
  });
  const key = { ...made.key, aliases: [name] };
  return parts.store.write(async (tx) => {
    // Another call may have been first.
    const present = await existing(tx, service, scope);
    if (present) return present;
    await insertKey(tx, { ...made, key });
    const { account, region, createdAtMs } = key;
    const times = { createdAtMs, updatedAtMs: createdAtMs };
    await tx.put(aliasRows, keyed(scope, name), {
      ...{ name, account, region, keyId: key.id, ...times },
    });
    return key;
  });
}

async function existing(
  reader: Reader,
  service: string,
  scope: Scope,
): Promise<KeyRow | undefined> {
  const alias = await reader.get(aliasRows, keyed(scope, `${reservedPrefix}${service}`));
  if (!alias) return undefined;
  return defined(await reader.get(keyRows, keyed(scope, alias.keyId)), 'the key of an alias');
}

/** As the original writes it for its own. */
function servicePolicy(service: string, scope: Scope): string {
  const { account, region } = scope;
  const root = formatArn({ ...scope, region: '' }, 'iam', 'root');
  return pretty({
    Version: '2012-10-17',
    Id: `auto-${service}-2`,
    Statement: [
      {
        Sid: `Allow access through ${service} for all principals that may use it`,
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: [
          ...['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'],
          ...['kms:CreateGrant', 'kms:DescribeKey'],
        ],
        Resource: '*',
        Condition: {
          StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': via(service, region) },
        },
      },
      {
        Sid: 'Allow direct access to key metadata to the account',
        Effect: 'Allow',
        Principal: { AWS: root },
        Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
        Resource: '*',
      },
    ],
  });
}

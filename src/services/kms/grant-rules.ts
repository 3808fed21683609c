/** What a grant may say: to whom, for which operations, within which encryption contexts. */
import type * as sdk from '@aws-sdk/client-kms';
import type { GrantRow, KeyRow } from '../../engines/keys/rows.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';
import { isService, principalNamed } from './policy-principals.ts';

export type NewGrant = Omit<GrantRow, 'id' | 'keyId' | 'keyArn' | 'createdAtMs' | 'issuer'>;

const contextLimits = { pairs: 8, characters: 384 };
const always = ['CreateGrant', 'DescribeKey', 'RetireGrant'];
const ofPairs = ['GetPublicKey'];
const ofData = ['Encrypt', 'Decrypt', 'ReEncryptFrom', 'ReEncryptTo'];
const ofDataKeys = [
  ...['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'],
  ...['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'],
];

/** Throws for what the key cannot do, for principals that do not exist, and for bad constraints. */
export async function checkedGrant(
  reader: Reader,
  key: KeyRow,
  input: sdk.CreateGrantRequest,
): Promise<NewGrant> {
  const { Operations: operations = [], Name: name, Constraints } = input;
  const possible = operationsOf(key);
  const wrong = operations.find((operation) => !possible.includes(operation));
  if (wrong !== undefined) {
    throw faults.validation(`Grant operation ${wrong} is not valid for the key ${key.arn}`);
  }
  if (operations.length === 0) throw faults.validation('Operations must not be empty');
  if (input.GranteeServicePrincipal !== undefined) assertServiceGrant(input);
  const grantee = await granteeIn(reader, input);
  const retiring = await retiringIn(reader, input);
  return {
    ...grantee,
    ...retiring,
    operations: [...new Set(operations)],
    ...(name === undefined ? {} : { name }),
    ...constraintsIn(key, Constraints),
  };
}

/** A service uses it for one resource, and somebody must be able to end it. */
function assertServiceGrant(input: sdk.CreateGrantRequest): void {
  if (input.Constraints?.SourceArn === undefined) {
    throw faults.validation('With GranteeServicePrincipal a SourceArn constraint must be given');
  }
  if (input.RetiringPrincipal === undefined && input.RetiringServicePrincipal === undefined) {
    throw faults.validation(
      'With GranteeServicePrincipal, RetiringPrincipal or RetiringServicePrincipal must be given',
    );
  }
}

function operationsOf({ spec, usage }: KeyRow): readonly string[] {
  switch (usage) {
    case 'ENCRYPT_DECRYPT':
      if (spec === 'SYMMETRIC_DEFAULT') return [...always, ...ofData, ...ofDataKeys];
      return [...always, ...ofPairs, ...ofData];
    case 'SIGN_VERIFY':
      return [...always, ...ofPairs, 'Sign', 'Verify'];
    case 'GENERATE_VERIFY_MAC':
      return [...always, 'GenerateMac', 'VerifyMac'];
    case 'KEY_AGREEMENT':
      return [...always, ...ofPairs, 'DeriveSharedSecret'];
  }
}

async function granteeIn(
  reader: Reader,
  { GranteePrincipal, GranteeServicePrincipal }: sdk.CreateGrantRequest,
): Promise<Pick<GrantRow, 'grantee' | 'granteeId'>> {
  const grantee = one('Grantee', GranteePrincipal, GranteeServicePrincipal);
  if (grantee === undefined) throw faults.validation('GranteePrincipal must be given');
  const id = await idOf(reader, grantee);
  return id === undefined ? { grantee } : { grantee, granteeId: id };
}

async function retiringIn(
  reader: Reader,
  { RetiringPrincipal, RetiringServicePrincipal }: sdk.CreateGrantRequest,
): Promise<Pick<GrantRow, 'retiring' | 'retiringId'>> {
  const retiring = one('Retiring', RetiringPrincipal, RetiringServicePrincipal);
  if (retiring === undefined) return {};
  const id = await idOf(reader, retiring);
  return id === undefined ? { retiring } : { retiring, retiringId: id };
}

function one(
  what: string,
  principal: string | undefined,
  service: string | undefined,
): string | undefined {
  if (principal !== undefined && service !== undefined) {
    throw faults.validation(
      `Only one of ${what}Principal and ${what}ServicePrincipal may be given`,
    );
  }
  if (service !== undefined && !isService(service)) {
    throw faults.validation(`${what}ServicePrincipal ${service} is no service`);
  }
  return principal ?? service;
}

async function idOf(reader: Reader, principal: string): Promise<string | undefined> {
  const named = await principalNamed(reader, isService(principal) ? 'Service' : 'AWS', principal);
  if (!named) throw faults.invalidArn(`ARN does not refer to a valid principal: ${principal}`);
  return named.id;
}

type Constraints = Pick<GrantRow, 'contextSubset' | 'contextEquals' | 'sourceArn'>;

function constraintsIn(key: KeyRow, given: sdk.GrantConstraints | undefined): Constraints {
  const {
    EncryptionContextSubset: subset,
    EncryptionContextEquals: equals,
    SourceArn,
  } = given ?? {};
  if (subset && equals) {
    throw faults.validation(
      'Only one of EncryptionContextSubset and EncryptionContextEquals may be given',
    );
  }
  const context = subset ?? equals;
  if (context) assertContext(key, context);
  return {
    ...(subset ? { contextSubset: subset } : {}),
    ...(equals ? { contextEquals: equals } : {}),
    ...(SourceArn === undefined ? {} : { sourceArn: SourceArn }),
  };
}

function assertContext({ arn, spec }: KeyRow, context: Readonly<Record<string, string>>): void {
  if (spec !== 'SYMMETRIC_DEFAULT') {
    throw faults.validation(`The key ${arn} takes no encryption context, of its grants neither`);
  }
  const pairs = Object.entries(context);
  const { pairs: mostPairs, characters } = contextLimits;
  if (pairs.length === 0 || pairs.length > mostPairs) {
    throw faults.validation(`A constraint has between 1 and ${mostPairs} pairs`);
  }
  const size = pairs.reduce((total, [name, value]) => total + name.length + value.length, 0);
  if (size > characters) {
    throw faults.validation(`A constraint has at most ${characters} characters, not ${size}`);
  }
}

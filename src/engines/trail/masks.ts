/**
 * Which members of inputs and outputs are never written to the trail, beside those that a service's
 * model calls sensitive. A table: what is not in it, and not sensitive, is written.
 */
import type { Shape, ShapeMember } from './shapes.ts';

/** What Amazon's own trail writes in place of a value. */
export const hidden = 'HIDDEN_DUE_TO_SECURITY_REASONS';

/** `hideValues`: of a map the keys stay. `drop`: bytes and streams have no place in the trail. */
export type Mask = 'keep' | 'hide' | 'hideValues' | 'drop';

/** Of every service: credentials, passwords, codes, key material, and tokens that confer rights. */
const always: ReadonlySet<string> = new Set([
  ...['ServiceCredentialSecret', 'ClientSecret', 'SharedSecret'],
  ...['SecretAccessKey', 'RawSecretAccessKey', 'SessionToken', 'SecretString', 'SecretBinary'],
  ...['Plaintext', 'PrivateKey', 'AddPrivateKey', 'PrivateKeyPlaintext', 'PrivateKeyPem'],
  ...['Base32StringSeed', 'QRCodePNG', 'TokenCode', 'AuthenticationCode'],
  ...['AuthenticationCode1', 'AuthenticationCode2', 'SSECustomerKey', 'CopySourceSSECustomerKey'],
  ...['WebIdentityToken', 'SAMLAssertion', 'TradeInToken', 'RotationToken', 'ImportToken'],
  ...['EncryptedKeyMaterial', 'GrantToken', 'GrantTokens', 'AuthorizationToken', 'ApiKeyValue'],
]);

/** By service: what people write to each other, payloads, and what stands for a secret. */
const ofService: Readonly<Record<string, ReadonlySet<string>>> = {
  kms: new Set(['Message']),
  secretsmanager: new Set(['ClientRequestToken']),
  sns: new Set(['Message', 'Subject', 'MessageAttributes', 'Token', 'PhoneNumber']),
  sqs: new Set(['MessageBody', 'Body', 'MessageAttributes', 'MessageSystemAttributes']),
  sagemaker: new Set(['OnStartContent', 'Content']),
  'sagemaker-runtime': new Set(['Body', 'CustomAttributes']),
  logs: new Set(['logEvents', 'message']),
  events: new Set(['Detail', 'Input']),
};

/** Maps whose keys tell enough: settings of containers, and what users say of their objects. */
const valuesOfService: Readonly<Record<string, ReadonlySet<string>>> = {
  sagemaker: new Set(['Environment']),
  s3: new Set(['Metadata']),
};

/** Called sensitive by S3's model, and of no use without a right: which key was used is wanted. */
const namesOfKeys: ReadonlySet<string> = new Set([
  ...['SSEKMSKeyId', 'KMSMasterKeyID', 'KMSKeyId', 'KMSKeyArn'],
]);

const none: ReadonlySet<string> = new Set();

/** `NewPassword`, `OneTimePassword`, …; flags of that name are no passwords. */
function isPassword({ name, type }: ShapeMember): boolean {
  return type.kind === 'string' && name.endsWith('Password');
}

/** `service` is the model's id: `s3`, `sagemaker-runtime`, … */
export function maskOf(service: string, member: ShapeMember): Mask {
  const { name, type } = member;
  if (isPassword(member)) return 'hide';
  if (always.has(name) || ofService[service]?.has(name)) {
    return type.kind === 'blob' ? 'drop' : 'hide';
  }
  if (type.kind === 'blob' || type.streaming) return 'drop';
  if ((valuesOfService[service] ?? none).has(name)) return 'hideValues';
  if (service === 's3' && namesOfKeys.has(name)) return 'keep';
  return isSensitive(type) ? 'hide' : 'keep';
}

function isSensitive({ sensitive, key }: Shape): boolean {
  return sensitive === true || key?.type.sensitive === true;
}

/** Members of documents that have no model. Compared without regard to case. */
const lowerAlways: ReadonlySet<string> = new Set([...always].map((name) => name.toLowerCase()));

export function isSecretName(name: string): boolean {
  const lower = name.toLowerCase();
  return lower.endsWith('password') || lowerAlways.has(lower);
}

/**
 * Nothing secret is in the trail: every operation of every model is recorded with random inputs and
 * outputs, a secret planted in each member that the models or the names below call one.
 */
import { expect, test } from 'vitest';
import { buildEvent } from '../engines/trail/build.ts';
import type { Shape, ShapeMember } from '../engines/trail/shapes.ts';
import type { Random } from '../kernel/random.ts';
import { seededRandom } from '../kernel/random.ts';
import { factsById } from '../wire/model/facts.ts';
import { loadModel } from '../wire/model/load.ts';
import type { OperationModel } from '../wire/model/types.ts';

const secret = 'planted-secret-7f3a';
/** Said apart from the engine's own table: names that are secrets whatever the models say. */
const secretNames = new RegExp(
  '^(.*(?<!Change)Password|Secret(String|Binary|AccessKey)|SessionToken|.*Plaintext|' +
    '(Add)?PrivateKey|PrivateKeyPlaintext|TokenCode|' +
    'AuthenticationCode\\d?|Base32StringSeed|QRCodePNG|(CopySource)?SSECustomerKey|ClientSecret|' +
    'WebIdentityToken|SAMLAssertion|EncryptedKeyMaterial|ImportToken|GrantTokens?)$',
);
const secretsOf: Readonly<Record<string, RegExp>> = {
  sqs: /^(MessageBody|Body|MessageAttributes)$/,
  sns: /^(Message|Subject|MessageAttributes|Token)$/,
  secretsmanager: /^ClientRequestToken$/,
  'sagemaker-runtime': /^(Body|CustomAttributes)$/,
};
/** Values of these maps, not their keys. */
const secretValues: Readonly<Record<string, RegExp>> = { sagemaker: /^Environment$/ };
/** Which key protects an object is no secret, whatever the model says. */
const told = /^(SSEKMSKeyId|KMSMasterKeyID|KMSKeyId|KMSKeyArn)$/;

interface Making {
  readonly service: string;
  readonly random: Random;
  readonly depth: number;
}

function isSecret({ name, type }: ShapeMember, service: string): boolean {
  if (service === 's3' && told.test(name)) return false;
  return (
    secretNames.test(name) ||
    (secretsOf[service]?.test(name) ?? false) ||
    type.sensitive === true ||
    type.streaming === true
  );
}

function valueOf(type: Shape, making: Making, planted: boolean): unknown {
  const text = planted ? secret : `text-${Math.floor(making.random.next01() * 9)}`;
  const deeper = { ...making, depth: making.depth + 1 };
  if (making.depth > 6) return undefined;
  switch (type.kind) {
    case 'string':
    case 'document':
      return text;
    case 'blob':
      return Buffer.from(secret);
    case 'timestamp':
      return new Date(1_767_600_000_000);
    case 'boolean':
      return true;
    case 'list':
      return type.item
        ? [valueOf(type.item.type, deeper, planted || type.item.type.sensitive === true)]
        : [];
    case 'map':
      return {
        key: type.value
          ? valueOf(type.value.type, deeper, planted || type.value.type.sensitive === true)
          : undefined,
      };
    case 'structure':
    case 'union':
      return structureOf(type, deeper, planted);
    default:
      return planted ? secret : 7;
  }
}

function structureOf(type: Shape, making: Making, planted: boolean): object {
  const { service } = making;
  const entries = (type.members ?? []).map((member) => {
    const values = secretValues[service]?.test(member.name) ?? false;
    const plant = planted || values || isSecret(member, service);
    return [member.name, valueOf(member.type, making, plant)] as const;
  });
  return Object.fromEntries(entries);
}

function recorded({ name, input, output }: OperationModel, service: string, failed: boolean) {
  const making = { service, random: seededRandom(5), depth: 0 };
  const fault = { code: 'ValidationException', message: `Value '${secret}' at 'x' is too long` };
  const caller = {
    accessKeyId: 'AKIA',
    arn: 'arn:aws:iam::1:user/u',
    userId: 'AIDA',
    account: '1',
  };
  return buildEvent(
    {
      ...{ service, operation: name, inputShape: input, outputShape: output, checks: [] },
      input: input ? structureOf(input, making, false) : {},
      ...(failed ? { fault } : { output: output ? structureOf(output, making, false) : {} }),
      ...{ caller, scope: { partition: 'aws', region: 'r', account: '1' }, requestId: 'r' },
      headers: { 'user-agent': 'agent' },
    },
    { nowMs: 0, eventId: 'e' },
  );
}

test.each([...factsById.keys()])('%s: no secret is in any record', (service) => {
  let written = 0;
  for (const operation of loadModel(service).operations.values()) {
    const text = JSON.stringify(recorded(operation, service, false));
    expect(text.includes(secret), `${operation.name}: ${text}`).toBe(false);
    if (text.includes('text-')) written += 1;
  }
  // What is no secret is told.
  expect(written).toBeGreaterThan(loadModel(service).operations.size / 4);
});

test('what a refusal repeats of a secret is left out of its message', () => {
  const model = loadModel('iam').operations;
  const operation = model.get('ChangePassword');
  const event = operation && recorded(operation, 'iam', true);
  expect(event?.errorMessage).toBe("Value 'HIDDEN_DUE_TO_SECURITY_REASONS");
});

/**
 * Managed keys and secrets as work may use them: keys that are named for volumes and outputs, and
 * secrets that the environment of a program names. Values of secrets are in what is answered here
 * and in the program, nowhere else: not in rows, and not in what is told of the program.
 */
import { aliasMeant } from '../../engines/keys/finding.ts';
import type { Keys } from '../../engines/keys/keys.ts';
import { keyCheck } from '../../engines/keys/permission.ts';
import type { KeyRow } from '../../engines/keys/rows.ts';
import { maskOf } from '../../engines/secrets/masking.ts';
import { absentArn } from '../../engines/secrets/permission.ts';
import { secretText, secretTextChecks } from '../../engines/secrets/resolve.ts';
import type { Secrets } from '../../engines/secrets/secrets.ts';
import { parseArn, type Scope } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Acting, callerFor, firstRefusal, type RightsParts } from './acting.ts';
import { mostReferences, referencesIn, type SecretReference } from './references.ts';

export interface SafekeepingParts extends RightsParts {
  readonly keys: Keys;
  readonly secrets: Secrets;
}

/** A key as a request names it: by id, ARN, alias or alias ARN. */
export interface NamedKey {
  /** Of the request: `VolumeKmsKeyId`. */
  readonly member: string;
  readonly keyId: string;
  readonly scope: Scope;
}

export interface WantedKeys {
  readonly volumeKeyId?: string | undefined;
  readonly outputKeyId?: string | undefined;
}

/** An environment without references, and what its program says without the secrets. */
export interface OpenEnvironment {
  readonly values: Readonly<Record<string, string>>;
  masked(text: string): string;
}

export interface Safekeeping {
  /** Refused when the key cannot be used now, whoever asks. */
  usable(named: NamedKey): Promise<Outcome<KeyRow>>;
  /**
   * The keys of a job, before it reads anything: that of its volume the role must be allowed to
   * lend to the service; that of its outputs is asked for its rights object by object.
   */
  ready(acting: Acting, wanted: WantedKeys): Promise<Outcome<undefined>>;
  /** Refused, with the variable, where a secret cannot be had. */
  environment(
    acting: Acting,
    environment: Readonly<Record<string, string>>,
  ): Promise<Outcome<OpenEnvironment>>;
}

/** As `kms:ViaService` names the service. */
const service = 'sagemaker';
const trialBytes = 32;
/** What the system takes for one variable, less its name. */
const longestValueBytes = 120 * 1_024;

export function makeSafekeeping(parts: SafekeepingParts): Safekeeping {
  return {
    usable: (named) => usable(parts, named),
    ready: (acting, wanted) => ready(parts, acting, wanted),
    environment: (acting, environment) => opened(parts, acting, environment),
  };
}

/**
 * To make a grant of a key, which is how the service comes to use the key of a volume: the caller
 * who makes an endpoint needs it, and the role of a job.
 */
export function grantCheck(
  keys: Pick<Keys, 'policyOf'>,
  key: KeyRow,
  { caller, reference, scope }: GrantUse,
): Check {
  const alias = aliasMeant(reference, scope);
  return keyCheck(key, {
    ...{ action: 'kms:CreateGrant', caller, viaService: service },
    policy: () => keys.policyOf(key, caller),
    keys: { 'kms:grantisforawsresource': true },
    ...(alias === undefined ? {} : { alias }),
  });
}

export interface GrantUse {
  readonly caller: Caller;
  /** The key as it was named. */
  readonly reference: string;
  readonly scope: Scope;
}

async function usable({ keys }: SafekeepingParts, named: NamedKey): Promise<Outcome<KeyRow>> {
  const found = await keys.find(named.keyId, named.scope);
  if (!found.ok) return unusable(named, found.reason);
  const trial = { context: { service }, sizeBytes: trialBytes };
  const made = await keys.dataKey(found.value, trial);
  if (!made.ok) return unusable(named, made.reason);
  made.value.plaintext.fill(0);
  return ok(found.value);
}

function unusable({ member, keyId }: NamedKey, reason: string): Outcome<never> {
  return refuse(`ClientError: ${member}: could not use the KMS key ${keyId}: ${reason}`);
}

async function ready(
  parts: SafekeepingParts,
  acting: Acting,
  { volumeKeyId, outputKeyId }: WantedKeys,
): Promise<Outcome<undefined>> {
  const { scope } = acting;
  if (volumeKeyId !== undefined) {
    const named = { member: 'VolumeKmsKeyId', keyId: volumeKeyId, scope };
    const lent = await lentByRole(parts, acting, named);
    if (!lent.ok) return lent;
  }
  if (outputKeyId === undefined) return ok(undefined);
  const arn = parseArn(outputKeyId);
  // Outputs may go to another region, where only the write itself finds their key.
  if (arn.ok && arn.value.region !== scope.region) return ok(undefined);
  const output = await usable(parts, { member: 'KmsKeyId', keyId: outputKeyId, scope });
  return output.ok ? ok(undefined) : output;
}

/** The right is asked for first: who may not use the key is not told how it is. */
async function lentByRole(
  parts: SafekeepingParts,
  acting: Acting,
  named: NamedKey,
): Promise<Outcome<undefined>> {
  const { keys } = parts;
  const { keyId: reference, scope } = named;
  const caller = await callerFor(parts, acting);
  if (!caller.ok) return caller;
  const found = await keys.find(reference, scope);
  if (!found.ok) return unusable(named, found.reason);
  const check = grantCheck(keys, found.value, { caller: caller.value, reference, scope });
  const who = { caller: caller.value, region: scope.region };
  const refused = await firstRefusal(parts, who, [check]);
  if (refused !== undefined) return unusable(named, refused);
  const tried = await usable(parts, named);
  return tried.ok ? ok(undefined) : tried;
}

interface Asking {
  readonly caller: Caller;
  readonly scope: Scope;
}

async function opened(
  parts: SafekeepingParts,
  acting: Acting,
  environment: Readonly<Record<string, string>>,
): Promise<Outcome<OpenEnvironment>> {
  const referring = new Map<string, readonly SecretReference[]>();
  let count = 0;
  for (const [name, value] of Object.entries(environment)) {
    const found = referencesIn(value);
    if (!found.ok) return refuse(`ClientError: ${variable(name)}: ${found.reason}`);
    if (found.value.length > 0) referring.set(name, found.value);
    count += found.value.length;
  }
  if (count === 0) return ok({ values: environment, masked: (text) => text });
  if (count > mostReferences) {
    return refuse(`ClientError: Environment has more than ${mostReferences} dynamic references`);
  }
  const caller = await callerFor(parts, acting);
  if (!caller.ok) return caller;
  const asking = { caller: caller.value, scope: acting.scope };
  const texts = new Map<string, string>();
  const values: Record<string, string> = { ...environment };
  for (const [name, references] of referring) {
    const value = await filled(parts, { asking, references, texts }, environment[name] ?? '');
    if (!value.ok) return refuse(`ClientError: ${variable(name)}: ${value.reason}`);
    values[name] = value.value;
  }
  return ok({ values, masked: maskOf(texts.values()) });
}

function variable(name: string): string {
  return `the environment variable ${name}`;
}

interface Filling {
  readonly asking: Asking;
  readonly references: readonly SecretReference[];
  /** Of references that were read: one that is there twice is the same both times. */
  readonly texts: Map<string, string>;
}

/** Each reference in its place; what a secret says is not looked into for more of them. */
async function filled(
  parts: SafekeepingParts,
  { asking, references, texts }: Filling,
  value: string,
): Promise<Outcome<string>> {
  const pieces: string[] = [];
  let at = 0;
  for (const reference of references) {
    const text = texts.get(reference.text);
    const read = text === undefined ? await textOf(parts, reference, asking) : ok(text);
    if (!read.ok) return read;
    texts.set(reference.text, read.value);
    const start = value.indexOf(reference.text, at);
    pieces.push(value.slice(at, start), read.value);
    at = start + reference.text.length;
  }
  const whole = [...pieces, value.slice(at)].join('');
  if (whole.includes('\0')) return refuse('with its secrets it holds a character of code 0');
  if (Buffer.byteLength(whole) > longestValueBytes) {
    return refuse(`with its secrets it has more than ${longestValueBytes} bytes`);
  }
  return ok(whole);
}

async function textOf(
  parts: SafekeepingParts,
  { secret, key, label, version }: SecretReference,
  { caller, scope }: Asking,
): Promise<Outcome<string>> {
  const { secrets } = parts;
  const reference = [await arnOf(secrets, secret, scope), key, label, version].join(':');
  const checks = await secretTextChecks(secrets, { reference, scope, caller });
  if (!checks.ok) return checks;
  const refused = await firstRefusal(parts, { caller, region: scope.region }, checks.value);
  return refused === undefined ? secretText(secrets, reference, scope) : refuse(refused);
}

async function arnOf({ life }: Secrets, secret: string, scope: Scope): Promise<string> {
  if (parseArn(secret).ok) return secret;
  return (await life.find(secret, scope))?.arn ?? absentArn(secret, scope);
}

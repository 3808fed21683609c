/**
 * Secrets for programs that name them by ARN in their environment: what to ask first, and the text.
 * The reference may go on as it does in task definitions: `ARN:json-key:version-stage:version-id`,
 * each part possibly empty.
 */
import type { Scope } from '../../kernel/arn.ts';
import type { Caller } from '../../kernel/caller.ts';
import type { Check } from '../../kernel/check.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { secretCheck, valueKeyChecks } from './permission.ts';
import { labels } from './rows.ts';
import type { Secrets } from './secrets.ts';
import type { WhichVersion } from './versions.ts';

/** Whether a text in an environment names a secret rather than being a value. */
export function isSecretReference(text: string): boolean {
  return taken(text) !== undefined;
}

interface Taken {
  readonly arn: string;
  readonly key: string;
  readonly which: WhichVersion;
}

const referenceForm =
  /^([^:]+:[^:]+:secretsmanager:[^:]+:\d{12}:secret:[^:]+)(?::([^:]*))?(?::([^:]*))?(?::([^:]*))?$/;

function taken(reference: string): Taken | undefined {
  const [, arn, key = '', label = '', id = ''] = referenceForm.exec(reference) ?? [];
  if (arn === undefined || !/^arn$/.test(arn.split(':')[0] ?? '')) return undefined;
  const which = { ...(label === '' ? {} : { label }), ...(id === '' ? {} : { id }) };
  return { arn, key, which };
}

export interface ReferenceUse {
  readonly reference: string;
  readonly scope: Scope;
  /** The role that the program runs as. */
  readonly caller: Caller;
}

/** What the role must be allowed before the text is read. Refused for what is no reference. */
export async function secretTextChecks(
  { life, versions, keys }: Secrets,
  { reference, scope, caller }: ReferenceUse,
): Promise<Outcome<readonly Check[]>> {
  const meant = taken(reference);
  if (!meant) return refuse(`not the ARN of a secret: ${reference.slice(0, 200)}`);
  const { arn, which } = meant;
  const secret = await life.find(arn, scope);
  const { id: version, label = labels.current } = which;
  const stated = version === undefined ? {} : { 'secretsmanager:versionid': version };
  const check = secretCheck({
    ...{ action: 'secretsmanager:GetSecretValue', reference: arn, secret, scope },
    keys: { 'secretsmanager:versionstage': label, ...stated },
  });
  if (!secret) return ok([check]);
  const holder = (await versions.list(secret)).find((one) => one.labels.includes(label));
  const about = version ?? holder?.id;
  const named = about === undefined ? {} : { version: about };
  const use = { actions: ['kms:Decrypt'], secret, caller, scope, ...named };
  return ok([check, ...(await valueKeyChecks(keys, use))]);
}

/** The text, or the member of it that the reference names. Refused with the reason. */
export async function secretText(
  secrets: Secrets,
  reference: string,
  scope: Scope,
): Promise<Outcome<string>> {
  const meant = taken(reference);
  if (!meant) return refuse(`not the ARN of a secret: ${reference.slice(0, 200)}`);
  const secret = await secrets.life.find(meant.arn, scope);
  if (!secret) return refuse(`${meant.arn}: Secrets Manager can't find the specified secret.`);
  const read = await secrets.versions.read(secret, meant.which);
  if (!read.ok) return refuse(`${meant.arn}: ${read.reason}`);
  const { form, bytes } = read.value.value;
  if (form === 'bytes') return refuse(`${meant.arn}: the secret is binary, not text`);
  const text = Buffer.from(bytes).toString('utf8');
  return meant.key === '' ? ok(text) : memberOf(text, meant);
}

function memberOf(text: string, { arn, key }: Taken): Outcome<string> {
  const absent = refuse(`${arn}: the secret is not a JSON object with the member ${key}`);
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== 'object' || json === null || !Object.hasOwn(json, key)) return absent;
    const value: unknown = Object.getOwnPropertyDescriptor(json, key)?.value;
    return ok(typeof value === 'string' ? value : JSON.stringify(value));
  } catch {
    // The parser's words would quote the secret.
    return absent;
  }
}

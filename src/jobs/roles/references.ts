/**
 * Secrets that a text of an environment names, in the form of CloudFormation's dynamic references:
 * `{{resolve:secretsmanager:SECRET:SecretString:JSON-KEY:VERSION-STAGE:VERSION-ID}}`, by name or
 * ARN, all but the secret left out or empty at will, anywhere in the text. Nothing is read here.
 */
import { parseArn } from '../../kernel/arn.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

export interface SecretReference {
  /** The reference as it stands in the text, with its braces. */
  readonly text: string;
  /** A name or an ARN. */
  readonly secret: string;
  /** Empty: all of the secret. */
  readonly key: string;
  /** At most one of the two is given. */
  readonly label: string;
  readonly version: string;
}

export const mostReferences = 60;

const opening = '{{resolve:';
const form = /\{\{resolve:([^{}]*)\}\}/g;
const nameForm = /^[\w/+=.@-]{1,512}$/;
const versionForm = /^[\w-]{32,64}$/;
const longestLabel = 256;
/** An ARN takes so many of the parts between colons. */
const arnParts = 7;

/** None in most texts. Refused, with the reference, when one of them is not of the form. */
export function referencesIn(text: string): Outcome<readonly SecretReference[]> {
  const whole = [...text.matchAll(form)];
  if (text.split(opening).length - 1 !== whole.length) {
    return refuse(`a dynamic reference that begins with ${opening} must end with }}`);
  }
  const found: SecretReference[] = [];
  for (const [reference, inner = ''] of whole) {
    const read = referenceOf(reference, inner.split(':'));
    if (!read.ok) return refuse(`the dynamic reference ${reference}: ${read.reason}`);
    found.push(read.value);
  }
  return ok(found);
}

function referenceOf(
  text: string,
  [service, ...rest]: readonly string[],
): Outcome<SecretReference> {
  if (service !== 'secretsmanager') return refuse('only secretsmanager is supported');
  const isArn = rest[0] === 'arn';
  const secret = rest.slice(0, isArn ? arnParts : 1).join(':');
  if (!(isArn ? isSecretArn(secret) : nameForm.test(secret))) {
    return refuse('it must name a secret by its name or its ARN');
  }
  const [kind = '', key = '', label = '', version = '', ...more] = rest.slice(isArn ? arnParts : 1);
  if (more.length > 0) return refuse('it has more parts than SECRET:SecretString:KEY:STAGE:ID');
  if (kind !== '' && kind !== 'SecretString') return refuse('only SecretString is supported');
  if (label !== '' && version !== '') {
    return refuse('it may have a version stage or a version id, not both');
  }
  if (label.length > longestLabel) return refuse('the version stage is too long');
  if (version !== '' && !versionForm.test(version)) {
    return refuse('a version id has from 32 to 64 letters, digits, - and _');
  }
  return ok({ text, secret, key, label, version });
}

function isSecretArn(text: string): boolean {
  const parsed = parseArn(text);
  if (!parsed.ok || parsed.value.service !== 'secretsmanager') return false;
  const { region, account, resource } = parsed.value;
  const [kind, name = ''] = resource.split(':');
  return region !== '' && /^\d{12}$/.test(account) && kind === 'secret' && nameForm.test(name);
}

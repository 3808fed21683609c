/** Names and keys of what is hosted. Names keep their case; keys and ARNs are lower case. */
import { type Arn, formatArn, parseArn, type Scope } from '../../kernel/arn.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';

export type HostedKind = 'model' | 'endpoint-config' | 'endpoint';

const longestName = 63;
const namePattern = /^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/;

/** 1 to 63 letters, digits and hyphens, with a letter or digit at both ends. */
export function isHostingName(name: string): boolean {
  return name.length <= longestName && namePattern.test(name);
}

export function hostedArn(scope: Scope, kind: HostedKind, name: string): Arn {
  const known = arns[kind].get(name);
  if (known && isIn(known.scope, scope)) return known.arn;
  const arn = formatArn(scope, 'sagemaker', `${kind}/${name.toLowerCase()}`);
  if (arns[kind].size >= mostKnown) arns[kind].clear();
  arns[kind].set(name, { scope, arn });
  return arn;
}

/**
 * The same string again for the same name: it is looked up by several times in each request, and a
 * string knows its hash from the second time on.
 */
const arns: Readonly<Record<HostedKind, Map<string, { scope: Scope; arn: Arn }>>> = {
  model: new Map(),
  'endpoint-config': new Map(),
  endpoint: new Map(),
};
const mostKnown = 1_000;

function isIn(known: Scope, { account, region, partition }: Scope): boolean {
  return known.account === account && known.region === region && known.partition === partition;
}

/** The key of a hosted thing in its collection: names that differ in case alone are the same. */
export function hostedKey(scope: Scope, name: string): string {
  return `${hostedPrefix(scope)}${name.toLowerCase()}`;
}

/** What the keys of everything in an account and region begin with. */
export function hostedPrefix(scope: Scope): string {
  return `${scope.account}/${scope.region}/`;
}

export interface HostedName {
  readonly scope: Scope;
  /** `model`, `endpoint`, and the kinds other parts of the service add. */
  readonly kind: string;
  /** Lower case. */
  readonly name: string;
}

/** The parts of an ARN of the form `…:sagemaker:region:account:kind/name`. */
export function parseHostedArn(arn: string): Outcome<HostedName> {
  const parsed = parseArn(arn);
  if (!parsed.ok) return parsed;
  const { partition, region, account, service, resource } = parsed.value;
  const cut = resource.indexOf('/');
  if (service !== 'sagemaker' || cut < 1) return refuse(`not an ARN of this service: ${arn}`);
  const scope = { partition, region, account };
  return ok({ scope, kind: resource.slice(0, cut), name: resource.slice(cut + 1) });
}

/** Who made a call, as a record of the trail tells it. Source: CloudTrail's `userIdentity`. */
import { parseArn } from '../../kernel/arn.ts';
import { type Caller, isRootUser, type Session } from '../../kernel/caller.ts';
import type { TrailIdentity } from './event.ts';

type Context = NonNullable<TrailIdentity['sessionContext']>;

/** By caller: one makes many calls, and is the same to all of them. */
const identities = new WeakMap<Caller, TrailIdentity>();

export function identityOf(caller: Caller): TrailIdentity {
  const known = identities.get(caller);
  if (known) return known;
  const made = makeIdentity(caller);
  identities.set(caller, made);
  return made;
}

function makeIdentity(caller: Caller): TrailIdentity {
  const { accessKeyId, arn, userId, account, session, service } = caller;
  if (service !== undefined) return { type: 'AWSService', invokedBy: service };
  if (arn === '') return { type: 'AWSAccount', principalId: '', accountId: anonymousAccount };
  const type = typeOf(caller);
  const userName = type === 'IAMUser' ? lastName(arn) : undefined;
  return {
    ...{ type, principalId: userId, arn, accountId: account, accessKeyId },
    ...(userName === undefined ? {} : { userName }),
    ...(session ? { sessionContext: contextOf(session) } : {}),
  };
}

const anonymousAccount = 'ANONYMOUS_PRINCIPAL';

function typeOf(caller: Caller): TrailIdentity['type'] {
  if (caller.session?.kind === 'role') return 'AssumedRole';
  if (caller.session?.kind === 'federated') return 'FederatedUser';
  return isRootUser(caller) ? 'Root' : 'IAMUser';
}

function contextOf(session: Session): Context {
  const { kind, federatedProvider, sourceIdentity } = session;
  return {
    ...(kind === 'user' ? {} : { sessionIssuer: issuerOf(session) }),
    ...(federatedProvider === undefined
      ? {}
      : { webIdFederationData: { federatedProvider, attributes: session.providerKeys ?? {} } }),
    attributes: {
      creationDate: isoSeconds(session.issuedAtMs),
      mfaAuthenticated: session.mfaAtMs === undefined ? 'false' : 'true',
    },
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  };
}

function issuerOf({ kind, issuerArn, issuerId }: Session): Readonly<Record<string, string>> {
  const parsed = parseArn(issuerArn);
  const isRoot = parsed.ok && parsed.value.resource === 'root';
  return {
    type: kind === 'role' ? 'Role' : isRoot ? 'Root' : 'IAMUser',
    principalId: issuerId,
    arn: issuerArn,
    accountId: parsed.ok ? parsed.value.account : '',
    ...(isRoot ? {} : { userName: lastName(issuerArn) }),
  };
}

/** Without the path: `ada` of `…:user/staff/ada`. */
function lastName(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf(':')) + 1);
}

/** What LookupEvents calls the user's name: of a session its own name, of the root user `root`. */
export function userNameOf(identity: TrailIdentity): string | undefined {
  switch (identity.type) {
    case 'Root':
      return 'root';
    case 'AssumedRole':
    case 'FederatedUser':
      return identity.arn === undefined ? undefined : lastName(identity.arn);
    case 'AWSService':
      return identity.invokedBy;
    default:
      return identity.userName;
  }
}

/** ISO 8601 with seconds, `Z`. Thousands of records may have the same second. */
export function isoSeconds(instantMs: number): string {
  const second = Math.floor(instantMs / 1_000);
  if (second !== written.second) {
    written = { second, text: `${new Date(instantMs).toISOString().slice(0, 19)}Z` };
  }
  return written.text;
}

let written = { second: Number.NaN, text: '' };

interface WebIdentityAnswer {
  readonly SubjectFromWebIdentityToken?: string;
  readonly Provider?: string;
  readonly Audience?: string;
}

/** AssumeRoleWithWebIdentity is called without a signature: its answer says whose token it was. */
export function webIdentityOf(output: object | undefined): TrailIdentity {
  const { SubjectFromWebIdentityToken, Provider, Audience } = (output ?? {}) as WebIdentityAnswer;
  if (!SubjectFromWebIdentityToken || !Provider) return { type: 'WebIdentityUser' };
  return {
    type: 'WebIdentityUser',
    principalId: [Provider, Audience ?? '', SubjectFromWebIdentityToken].join(':'),
    userName: SubjectFromWebIdentityToken,
    identityProvider: Provider,
  };
}

/**
 * Who there is and what they may do, joined for one server: identities, the decision on every
 * call, and the objects that jobs see under their roles.
 */
import type { Access } from '../engines/access/access.ts';
import { makeAccess, type PreparedAccess } from '../engines/access/authorizer.ts';
import { makeObjectsFor } from '../engines/access/guarded-objects.ts';
import type { Vault } from '../engines/envelope/vault.ts';
import { type Identity, makeIdentity } from '../engines/identity/identity.ts';
import { sealMessage } from '../engines/identity/messages.ts';
import { makeSignIn, type SignIn } from '../engines/identity/sign-in.ts';
import { type IdentitySpace, makeIdentitySpace } from '../engines/identity/space.ts';
import type { Objects } from '../engines/objects/objects.ts';
import type { ObjectsFor } from '../engines/objects/space.ts';
import type { Loop } from '../kernel/loop.ts';
import type { Authorize } from '../wire/chain.ts';
import { type InvokeAuthorize, makeAuthorize, makeInvokeAuthorize } from './authorize.ts';
import type { World } from './world.ts';

export interface Guards {
  readonly space: IdentitySpace;
  readonly identity: Identity;
  readonly access: Access;
  readonly signIn: SignIn;
  readonly authorize: Authorize;
  readonly authorizeInvoke: InvokeAuthorize;
  /** Work that recurs, or that first requests should not wait for. */
  readonly loops: readonly Loop[];
}

export interface GuardOptions {
  readonly vault: Vault;
  readonly partition: string;
}

/** Sessions end, codes change and policies compare by the machine's own time, as for clients. */
export function makeGuards(world: World, { vault, partition }: GuardOptions): Guards {
  const { store, wallClock: clock, random, log, config, passwords } = world;
  const space = makeIdentitySpace(store);
  const { account } = config;
  const identity = makeIdentity({ store, space, vault, random, clock, account, partition });
  const access = makeAccess({ space, clock, log, partition });
  const { sessions, mfa } = identity;
  const seal = (details: string) => sealMessage(vault, details);
  const { noteUse } = identity;
  return {
    space,
    identity,
    access,
    signIn: makeSignIn({ store, space, hasher: passwords, clock, sessions, mfa }),
    authorize: makeAuthorize({ access, clock, seal, noteUse }),
    authorizeInvoke: makeInvokeAuthorize({ access, seal, noteUse }),
    loops: [identity.loop, prepareLoop(access)],
  };
}

/** The first tick is part of the start, which should not wait either: the second does the work. */
function prepareLoop(access: PreparedAccess): Loop {
  let started = false;
  return {
    name: 'access/prepare',
    async tick(nowMs) {
      if (started) await access.prepare();
      const next = started ? Number.POSITIVE_INFINITY : nowMs;
      started = true;
      return next;
    },
  };
}

/** Jobs and models are run by one service, whatever they are. */
const runner = 'sagemaker.amazonaws.com';

export function makeRoleObjects(
  world: World,
  parts: { readonly objects: Objects; readonly guards: Guards; readonly partition: string },
): ObjectsFor {
  const { objects, guards, partition } = parts;
  const { access, identity } = guards;
  return makeObjectsFor({
    ...{ objects, access, partition, clock: world.wallClock, service: runner },
    bucketRule: (bucket) => objects.policyOf(bucket),
    onAssumed: (caller, region) => identity.noteUse(caller, { service: 'sagemaker', region }),
  });
}

/**
 * Keys, secrets and the trail, joined for one server: what is sealed under what, what rotates by
 * itself, and who is told of calls.
 */
import type { Vault } from '../engines/envelope/vault.ts';
import type { EventBus } from '../engines/events/bus.ts';
import { nameKey, users } from '../engines/identity/rows.ts';
import { type Lifecycle, makeLifecycle } from '../engines/keys/lifecycle.ts';
import type { ManagedKeys } from '../engines/keys/make-keys.ts';
import type { Objects } from '../engines/objects/objects.ts';
import { makeSecrets, type Secrets } from '../engines/secrets/secrets.ts';
import type { Topics } from '../engines/topics/topics.ts';
import { makeSigningKeys, type SigningKeys } from '../engines/trail/digests/signing-keys.ts';
import { type KeptTrail, makeTrail, trailLoopName } from '../engines/trail/make-trail.ts';
import { makeKeyUpkeepLoop, upkeepLoop } from '../jobs/key-upkeep/loop.ts';
import {
  type Safekeeping as ForJobs,
  makeSafekeeping as makeForJobs,
} from '../jobs/roles/safekeeping.ts';
import { makeSecretRotationLoop, secretRotationLoopName } from '../jobs/secret-rotation/loop.ts';
import { makeTrailAdmission, type TrailAdmission } from '../jobs/trail-delivery/admission.ts';
import { chooseDataEvents } from '../jobs/trail-delivery/choice.ts';
import { makeTrailDelivery } from '../jobs/trail-delivery/loop.ts';
import { secondMs } from '../kernel/clock.ts';
import type { Loop, Wake } from '../kernel/loop.ts';
import { functionEnvironment } from './function-environment.ts';
import type { Guards } from './guards.ts';
import type { SignInAudit } from './sign-in.ts';
import { makeTrailCalls, type TrailCalls } from './trail-calls.ts';
import { usualAnchor } from './trail-verify.ts';
import { fileAnchor } from './trail-verify-anchor.ts';
import type { World } from './world.ts';

export interface Safekeeping {
  readonly lifecycle: Lifecycle;
  readonly secrets: Secrets;
  readonly trail: KeptTrail;
  readonly signingKeys: SigningKeys;
  readonly admission: TrailAdmission;
  /** Tells the trail of calls. */
  readonly calls: TrailCalls;
  readonly signInAudit: SignInAudit;
  /** Keys and secrets as the roles of jobs and models may use them. */
  readonly forJobs: ForJobs;
  readonly loops: readonly Loop[];
  /** Of the trail: what data events trails want, as rows say. Once, before calls come. */
  begin(): Promise<void>;
  /** Resolves when no record is being written. */
  idle(): Promise<void>;
}

export interface SafekeepingParts {
  readonly vault: Vault;
  readonly keys: ManagedKeys;
  readonly guards: Guards;
  readonly events: EventBus;
  readonly objects: Objects;
  readonly topics: Topics;
  readonly wake: Wake;
  readonly partition: string;
  readonly publicUrl: () => string;
}

export function makeSafekeeping(world: World, parts: SafekeepingParts): Safekeeping {
  const { store, clock, random, log, config } = world;
  const { vault, keys, guards, events, objects, topics, wake, partition } = parts;
  const { access } = guards;
  const lifecycle = makeLifecycle({
    ...{ keys, vault, random, clock },
    wake: () => wake(upkeepLoop),
  });
  const wakeRotation = () => wake(secretRotationLoopName);
  const secrets = makeSecrets({ store, keys, clock, random, wake: wakeRotation });
  const trail = makeTrail({
    ...{ store, clock, random, log, ...world.trail },
    wake: () => wake(trailLoopName),
  });
  const signingKeys = makeSigningKeys({ store, vault, clock });
  const admission = makeTrailAdmission({ access, objects, keys, clock });
  const calls = makeTrailCalls({ trail, events, clock, random, log });
  return {
    ...{ lifecycle, secrets, trail, signingKeys, admission, calls },
    forJobs: makeForJobs({ access, keys, secrets, clock: world.wallClock }),
    signInAudit: {
      ...{ trail: calls, random },
      scope: { partition, region: config.region, account: config.account },
      findUser: (account, name) => guards.space.reader.get(users, nameKey(account, name)),
    },
    loops: [
      makeKeyUpkeepLoop({ store, lifecycle }),
      makeSecretRotationLoop({
        ...{ secrets, events, log, random, wake, partition, functions: world.functions },
        programLogs: world.programLogs,
        environmentFor: functionEnvironment(world, parts),
      }),
      trail.loop,
      makeTrailDelivery({
        ...{ store, trail, objects, keys, topics, access, signingKeys, clock, log },
        // What an ephemeral server delivered is gone with it.
        anchor: config.ephemeral
          ? undefined
          : fileAnchor(config.trailAnchor ?? usualAnchor(config)),
        deliveryMs: config.trailDeliverySeconds * secondMs,
        digestMs: config.trailDigestSeconds * secondMs,
      }),
    ],
    begin: () => chooseDataEvents({ store, trail }),
    idle: () => trail.idle(),
  };
}

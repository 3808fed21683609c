/**
 * One process of the data plane, joined: a gateway of its own over what the main process tells and
 * answers. It decides about requests as the main process would, by the same rows, and keeps nothing
 * past the moment at which it is told that they changed.
 */
import { join } from 'node:path';
import { fileJournals } from '../../adapters/files/journals.ts';
import { undiciForwarder } from '../../adapters/forwarder/forwarder.ts';
import { pinoLogger } from '../../adapters/system/logger.ts';
import { systemClock, systemRandom } from '../../adapters/system/system.ts';
import { makeAccess } from '../../engines/access/authorizer.ts';
import { defaultSpoolLimits, Spool, spoolPrefix } from '../../engines/capture/spool.ts';
import { type Keyring, keyringOf } from '../../engines/envelope/keyring.ts';
import { makeVault } from '../../engines/envelope/vault.ts';
import { RequestCounters } from '../../engines/hosting/counters.ts';
import { makeIdentity } from '../../engines/identity/identity.ts';
import { sealMessage } from '../../engines/identity/messages.ts';
import type { IdentitySpace } from '../../engines/identity/space.ts';
import { sealedJournals } from '../../engines/sealing/sealed-journals.ts';
import { makeSealer } from '../../engines/sealing/sealer.ts';
import { type Gateway, makeGateway } from '../../gateway/gateway.ts';
import { chooseDataEvents } from '../../jobs/trail-delivery/choice.ts';
import { byteBudget } from '../../kernel/byte-budget.ts';
import type { Logger } from '../../kernel/log.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { makeInvokeAuthorize } from '../authorize.ts';
import { Loops } from '../loops.ts';
import { makeTrailCalls } from '../trail-calls.ts';
import type { Channel } from './channel.ts';
import { handOverLoop, makeHandOver } from './hand-over.ts';
import type { Changed, FleetChange, Moved, Setup, ToMain, ToProcess } from './messages.ts';
import { FleetMirror } from './mirror.ts';
import { makeOutgoing, type Outgoing, outgoingLoop } from './outgoing.ts';
import { ownJournals } from './own-journals.ts';
import { remoteStore } from './remote-store.ts';
import { type RemoteTrail, remoteTrail } from './remote-trail.ts';

export interface Serving {
  readonly gateway: Gateway;
  readonly log: Logger;
  readonly outgoing: Outgoing;
  /** Resolves when requests can come. */
  begin(): Promise<void>;
  apply(change: FleetChange): void;
  moved(moved: Moved): void;
  changed(changed: Changed): Promise<void>;
  /** Resolves when all that was captured before is the main process's. */
  sealBefore(instantMs: number): Promise<void>;
  /** After the last request: tells the rest. */
  end(): Promise<void>;
}

type MainChannel = Channel<ToMain, ToProcess>;

export function makeServing(setup: Setup, channel: MainChannel): Serving {
  const { config } = setup;
  const keyring = keyringOf(setup.keys);
  for (const key of setup.keys) key.fill(0);
  const log = pinoLogger({ level: config.logLevel });
  const loops = new Loops({ clock: systemClock, log });
  const store = remoteStore((reading) => channel.ask('read', reading));
  const counters = new RequestCounters();
  const outgoing = makeOutgoing({
    counters,
    tell: (told) => channel.ask('told', told),
    wake: () => loops.wake(outgoingLoop),
  });
  const trail = remoteTrail({
    record: (lines) => channel.ask('record', lines),
    isWritable: () => channel.ask('isTrailWritable', undefined),
  });
  const mirror = new FleetMirror((released) => void channel.ask('released', released).catch(gone));
  const { spool, handOver } = capturing(setup, { keyring, log, channel, loops });
  const guards = makeProcessGuards(setup, { store, keyring, log, outgoing });
  const selectors = makeSelectors(store, trail);
  loops.add(handOver);
  loops.add(outgoing.loop);
  const gateway = makeGateway({
    ...{ store, clock: systemClock, wallClock: systemClock, random: systemRandom, log },
    forwarder: undiciForwarder(),
    findSecret: guards.findSecret,
    authorize: guards.authorize,
    audit: makeTrailCalls({
      ...{ trail, clock: systemClock, random: systemRandom, log },
      // Only calls that change something are published, and invocations change nothing.
      events: { publish: async () => {} },
    }).invocations,
    bodies: byteBudget(shareOf(config.bodyMemoryMb * 2 ** 20, setup)),
    fleet: mirror.fleet,
    counters,
    spool,
    onCounted: () => loops.wake(outgoingLoop),
  });
  return {
    ...{ gateway, log, outgoing },
    async begin() {
      await guards.prepare();
      await selectors.choose();
      await loops.start({ timers: true });
    },
    apply: (change) => mirror.apply(change),
    moved: (moved) => mirror.moved(moved),
    async changed({ identities, selectors: others }) {
      if (identities) guards.forget();
      if (others) await selectors.choose();
    },
    async sealBefore(instantMs) {
      spool.sealBefore(instantMs);
      await loops.run(handOverLoop);
    },
    async end() {
      await gateway.idle();
      await loops.stop();
      await outgoing.flush();
    },
  };
}

/** The main process has ended, and this one is about to. */
function gone(): void {}

function shareOf(all: number, { processes }: Setup): number {
  return Math.floor(all / processes);
}

interface CapturingParts {
  readonly keyring: Keyring;
  readonly log: Logger;
  readonly channel: MainChannel;
  readonly loops: Loops;
}

function capturing(setup: Setup, { keyring, log, channel, loops }: CapturingParts) {
  const { config, tag } = setup;
  const sealer = makeSealer({ keyring, random: systemRandom, purpose: 'journals' });
  const folder = join(config.data, 'journals');
  const journals = ownJournals(async () => sealedJournals(await fileJournals(folder), sealer, log));
  const spool = new Spool({
    ...{ journals, random: systemRandom, prefix: `${spoolPrefix}${tag}.` },
    limits: {
      ...defaultSpoolLimits,
      maxAgeMs: config.captureFlushSeconds * 1_000,
      maxTotalBytes: shareOf(defaultSpoolLimits.maxTotalBytes, setup),
    },
    onChange: () => loops.wake(handOverLoop),
  });
  const give = (name: string) => channel.ask('handOver', name);
  return { spool, handOver: makeHandOver({ spool, journals, give }) };
}

interface GuardParts {
  readonly store: MetadataStore;
  readonly keyring: Keyring;
  readonly log: Logger;
  readonly outgoing: Outgoing;
}

/** Who calls and what they may do. What was read is kept until `forget`. */
function makeProcessGuards(setup: Setup, { store, keyring, log, outgoing }: GuardParts) {
  const { config, partition } = setup;
  let generation = 0;
  const space: IdentitySpace = {
    reader: store,
    write: (work) => store.write(work),
    generation: () => generation,
  };
  const vault = makeVault({ keyring, random: systemRandom });
  const identity = makeIdentity({
    ...{ store, space, vault, partition, account: config.account },
    ...{ random: systemRandom, clock: systemClock },
  });
  const access = makeAccess({ partition, space, clock: systemClock, log });
  const seal = (details: string) => sealMessage(vault, details);
  return {
    findSecret: identity.findSecret,
    authorize: makeInvokeAuthorize({ access, seal, noteUse: outgoing.noteUse }),
    prepare: () => access.prepare(),
    forget() {
      generation += 1;
    },
  };
}

/** Which data events are wanted: chosen again, one after another, when that has changed. */
function makeSelectors(store: MetadataStore, trail: RemoteTrail) {
  let choosing: Promise<void> = Promise.resolve();
  return {
    choose(): Promise<void> {
      const next = choosing.then(() => chooseDataEvents({ store, trail }));
      // Whoever asked is told; the next must not fail with it.
      choosing = next.catch(() => {});
      return next;
    },
  };
}

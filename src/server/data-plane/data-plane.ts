/**
 * The processes of the data plane, kept running: each serves invocations as the main process does,
 * on a port that they share. Here is decided which processes there are, and what all are told.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { spoolPrefix } from '../../engines/capture/spool.ts';
import type { Fleet, LiveEndpoint } from '../../engines/hosting/fleet.ts';
import { assert } from '../../kernel/assert.ts';
import { type Clock, minuteMs, secondMs } from '../../kernel/clock.ts';
import type { Logger } from '../../kernel/log.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { Journals } from '../../ports/journals.ts';
import { Acceptor } from './acceptor.ts';
import { type AnswerParts, answersTo } from './answers.ts';
import { Member } from './member.ts';
import type { Setup } from './messages.ts';
import { decides, selects } from './readable.ts';
import type { WatchedStore } from './watched-store.ts';

export interface DataPlaneParts extends Omit<AnswerParts, 'store'> {
  readonly count: number;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The module that processes run. */
  readonly script: URL;
  readonly setup: () => Omit<Setup, 'tag'>;
  readonly store: WatchedStore;
  readonly fleet: Fleet;
  /** Those that processes write to as well. */
  readonly journals: Journals;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Between the end of a process and the next in its place; doubled while they end at once. */
const firstRestartMs = 100;
const longestRestartMs = 10 * secondMs;
/** Who ran this long has ended the row of failures. */
const stableMs = minuteMs;
/** How often addresses of servers are compared: one that was started again has another. */
const followMs = 100;
const tagBytes = 8;

interface Begun {
  readonly member: Member;
  /** Whether it serves. */
  readonly started: Promise<boolean>;
  /** Resolves when it has ended, and its journals are taken over. */
  readonly over: Promise<void>;
}

export class DataPlane {
  readonly #parts: DataPlaneParts;
  readonly #running = new Set<Begun>();
  readonly #acceptor: Acceptor;
  readonly #stopping = new AbortController();
  /** Of processes whose journals are not taken over yet. */
  readonly #tags = new Set<string>();
  #keeping: readonly Promise<void>[] = [];
  #following: NodeJS.Timeout | undefined;
  #port: number | undefined;

  constructor(parts: DataPlaneParts) {
    this.#parts = parts;
    this.#acceptor = new Acceptor(
      () => this.#members(),
      (cause) => {
        // Of listening, `start` tells; afterwards it is one connection that was not taken.
        if (this.#port !== undefined) parts.log.error('a connection was not taken', cause);
      },
    );
  }

  /** Undefined until it listens. */
  get port(): number | undefined {
    return this.#port;
  }

  /** Whether the journal belongs to a process, or to one whose journals are being taken over. */
  isElsewhere(journal: string): boolean {
    return [...this.#tags].some((tag) => journal.startsWith(prefixOf(tag)));
  }

  /** Listens, and resolves when every process serves. */
  async start(): Promise<Outcome<void>> {
    const { host, port, count, store, fleet } = this.#parts;
    assert(this.#port === undefined, 'the data plane is started once');
    try {
      this.#port = await this.#acceptor.listen(host, port);
    } catch (cause) {
      return refuse(`cannot listen on ${host}:${port} for the data plane: ${reasonOf(cause)}`);
    }
    store.follow((collections) => this.#changed(collections));
    fleet.follow((key, live) => this.#routed(key, live));
    const begun = Array.from({ length: count }, () => this.#begin());
    const served = await Promise.all(begun.map(({ started }) => started));
    if (!served.every((one) => one)) return refuse('a process of the data plane did not start');
    this.#keeping = begun.map((first) => this.#keep(first));
    const follow = () => {
      for (const member of this.#members()) member.follow();
    };
    this.#following = setInterval(follow, followMs).unref();
    return ok(undefined);
  }

  /** All that was captured before the instant is in this process's spool when it resolves. */
  async sealBefore(instantMs: number): Promise<void> {
    const sealing = [...this.#running].map(async ({ member, over }) => {
      await Promise.race([member.sealBefore(instantMs), over]);
      if (member.hasEnded) await over;
    });
    await Promise.all(sealing);
  }

  /** Ends every process, after the requests it has. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#following);
    this.#acceptor.close();
    await Promise.all(this.#members().map((member) => member.stop()));
    await Promise.all([...this.#running].map(({ over }) => over));
    await Promise.all(this.#keeping);
  }

  #members(): readonly Member[] {
    return [...this.#running].map(({ member }) => member);
  }

  async #changed(collections: ReadonlySet<string>): Promise<void> {
    const changed = { identities: decides(collections), selectors: selects(collections) };
    if (!changed.identities && !changed.selectors) return;
    await Promise.all(this.#members().map((member) => member.changed(changed)));
  }

  async #routed(key: string, live: LiveEndpoint | undefined): Promise<void> {
    const [routed, withdrawn] = live ? [[live], []] : [[], [key]];
    await Promise.all(this.#members().map((member) => member.route(routed, withdrawn)));
  }

  #begin(): Begun {
    const { setup, script, log, random } = this.#parts;
    const tag = `p${Buffer.from(random.bytes(tagBytes)).toString('hex')}`;
    this.#tags.add(tag);
    const member: Member = new Member({
      ...{ script, log, setup: { ...setup(), tag } },
      handlers: answersTo(tag, this.#parts, (connections) => {
        member.connections = connections;
      }),
    });
    const begun = { member, started: this.#started(member), over: this.#over(member) };
    // In the turn in which it is told of all there is: no change is between.
    this.#running.add(begun);
    void begun.over.then(() => this.#running.delete(begun));
    return begun;
  }

  async #started(member: Member): Promise<boolean> {
    await member.start(this.#parts.fleet.all());
    if (member.isReady) this.#acceptor.settle();
    return member.isReady;
  }

  /** What a process leaves is turned into objects here, whatever it ended of. */
  async #over(member: Member): Promise<void> {
    const { journals, spool, log } = this.#parts;
    await member.ended;
    const left = (await journals.names()).filter((name) => name.startsWith(prefixOf(member.tag)));
    for (const journal of left) {
      await spool.adopt(journal).catch((cause: unknown) => {
        // The next start of the server finds it.
        log.error('a journal of captured records cannot be opened', cause, { journal });
      });
    }
    this.#tags.delete(member.tag);
  }

  /** Puts another in its place whenever it ends, until all are ended. */
  async #keep(first: Begun): Promise<void> {
    const { clock, log } = this.#parts;
    const { signal } = this.#stopping;
    let waitMs = firstRestartMs;
    for (let begun = first; ; ) {
      const sinceMs = clock.nowMs();
      await begun.over;
      if (signal.aborted) return;
      if (clock.nowMs() - sinceMs >= stableMs) waitMs = firstRestartMs;
      log.error('a data-plane process has ended and is started again', undefined, { waitMs });
      await pause(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      waitMs = Math.min(waitMs * 2, longestRestartMs);
      begun = this.#begin();
      await begun.started;
    }
  }
}

function prefixOf(tag: string): string {
  return `${spoolPrefix}${tag}.`;
}

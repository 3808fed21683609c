/**
 * Who signs requests: users by their access keys, sessions by their tokens, and the administrator
 * that a first start makes. What a caller may do is not decided here.
 */
import type { Caller } from '../../kernel/caller.ts';
import { type Clock, minuteMs } from '../../kernel/clock.ts';
import type { Loop } from '../../kernel/loop.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type Credentials, checkCredentials, newCredentials } from './credentials.ts';
import { administratorKeys, ensureFirstStart } from './first-start.ts';
import { makeHighWater } from './high-water.ts';
import { makeKeyFinder } from './keys.ts';
import { type Mfa, makeMfa } from './mfa.ts';
import { type Expired, makeSessions, type Sessions, type Signer } from './sessions.ts';
import type { IdentitySpace } from './space.ts';
import { makeUses, type Use } from './uses.ts';

export interface IdentityParts {
  readonly store: MetadataStore;
  readonly space: IdentitySpace;
  readonly vault: SecretVault;
  /** Must be fit for keys. */
  readonly random: Random;
  /** Of this world: sessions end and codes change by the time that clients have. */
  readonly clock: Clock;
  /** Twelve digits. */
  readonly account: string;
  readonly partition: string;
}

/** Seals text under the root key; `engines/envelope` makes one. */
export interface SecretVault {
  seal(text: string, context: Readonly<Record<string, string>>): string;
  open(sealed: string, context: Readonly<Record<string, string>>): Outcome<string>;
}

export interface Identity {
  /**
   * Makes the administrator at a first start, with the given credentials or new ones, and answers
   * those that can be used now: undefined when all of theirs were deleted or made inactive.
   * Refused when the given ones are malformed or not the administrator's, or when the kept ones do
   * not open with this root key.
   */
  ensureAdministrator(given?: Credentials): Promise<Outcome<Credentials | undefined>>;
  /** Undefined before the first start too; throws when the kept key does not open. */
  administrator(): Promise<Credentials | undefined>;
  /**
   * Who signs with a key, and with what. Reads the store only after identities have changed.
   * Throws when the kept secret does not open with this root key.
   */
  readonly findSecret: (
    accessKeyId: string,
    sessionToken: string | undefined,
  ) => Promise<Signer | Expired | undefined>;
  /** That the caller has made a call; written a minute later. */
  noteUse(caller: Caller, use: Use): void;
  readonly sessions: Sessions;
  readonly mfa: Mfa;
  /** Writes what is kept in memory, once a minute. */
  readonly loop: Loop;
  /** Writes the same at the end of the process. */
  flush(): Promise<void>;
}

export function makeIdentity(parts: IdentityParts): Identity {
  const { store, clock } = parts;
  const time = makeHighWater(store, clock);
  const sessions = makeSessions({ ...parts, time });
  const findKey = makeKeyFinder(parts);
  const uses = makeUses(store, clock);

  async function flush(): Promise<void> {
    await time.ready();
    await uses.flush();
    await time.save();
  }

  return {
    async ensureAdministrator(given) {
      const wanted = given ? checkCredentials(given) : ok(newCredentials(parts.random));
      if (!wanted.ok) return wanted;
      const started = await ensureFirstStart(parts, wanted.value);
      if (!started.ok) return started;
      const kept = await administratorKeys(parts);
      if (!kept.ok || !given || (kept.value && same(kept.value, given))) return kept;
      return refuse(
        "the administrator's keys were set at first start and are not the given ones: leave " +
          `them out${kept.value ? `, or give the keys of ${kept.value.accessKeyId}` : ''}`,
      );
    },
    async administrator() {
      const kept = await administratorKeys(parts);
      if (!kept.ok) throw new Error(kept.reason);
      return kept.value;
    },
    findSecret: async (accessKeyId, sessionToken) =>
      sessionToken === undefined ? findKey(accessKeyId) : findSession(accessKeyId, sessionToken),
    noteUse: uses.note,
    sessions,
    mfa: makeMfa(parts),
    loop: {
      name: 'identity/uses',
      async tick(nowMs) {
        await flush();
        await sessions.sweep();
        return nowMs + minuteMs;
      },
    },
    flush,
  };

  /** A token where the key has none is answered as the wire words it: by the key itself. */
  async function findSession(
    accessKeyId: string,
    token: string,
  ): Promise<Signer | Expired | undefined> {
    return (await sessions.find(accessKeyId, token)) ?? findKey(accessKeyId);
  }
}

function same(a: Credentials, b: Credentials): boolean {
  return a.accessKeyId === b.accessKeyId && a.secretAccessKey === b.secretAccessKey;
}

/**
 * Who may sign requests. There is one principal, the administrator, whose key is made or given at
 * first start and kept sealed in the store. What a principal may do is not decided here.
 */
import { formatArn } from '../../kernel/arn.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { Collection, MetadataStore } from '../../ports/metadata-store.ts';
import { type Credentials, checkCredentials, newCredentials, newUserId } from './credentials.ts';

export interface IdentityParts {
  readonly store: MetadataStore;
  readonly vault: SecretVault;
  /** Must be fit for keys. */
  readonly random: Random;
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

export interface Principal {
  readonly accessKeyId: string;
  readonly arn: string;
  readonly userId: string;
  readonly account: string;
}

export interface Signer {
  readonly secretAccessKey: string;
  /** Only temporary credentials have one, and there are none yet. */
  readonly sessionToken?: string;
  readonly caller: Principal;
}

export interface Identity {
  /**
   * The administrator's credentials: those kept, else the given ones, else new ones. Refused when
   * the given ones are malformed or are not those kept, or when the kept ones do not open with
   * this root key. Once it resolves, `findSecret` reads the store no more.
   */
  ensureAdministrator(given?: Credentials): Promise<Outcome<Credentials>>;
  /** Undefined before the first start; throws when the kept key does not open. */
  administrator(): Promise<Credentials | undefined>;
  readonly findSecret: (
    accessKeyId: string,
    sessionToken: string | undefined,
  ) => Promise<Signer | undefined>;
}

interface AdministratorRow {
  readonly accessKeyId: string;
  readonly sealedSecret: string;
  readonly userId: string;
  readonly createdAtMs: number;
}

const administrators: Collection<AdministratorRow> = { name: 'identity/administrator' };
const onlyKey = 'administrator';

const contextOf = (accessKeyId: string) => ({ collection: administrators.name, accessKeyId });

export function makeIdentity(parts: IdentityParts): Identity {
  const { store, vault, random, clock, account, partition } = parts;
  let kept: Signer | undefined;

  function open(row: AdministratorRow): Outcome<Signer> {
    const secret = vault.open(row.sealedSecret, contextOf(row.accessKeyId));
    if (!secret.ok) return refuse(`the administrator's key does not open: ${secret.reason}`);
    const arn = formatArn({ partition, region: '', account }, 'iam', 'user/administrator');
    const caller = { accessKeyId: row.accessKeyId, arn, userId: row.userId, account };
    return ok({ secretAccessKey: secret.value, caller });
  }

  async function load(): Promise<Signer | undefined> {
    if (kept) return kept;
    const row = await store.get(administrators, onlyKey);
    if (!row) return undefined;
    const opened = open(row);
    if (!opened.ok) throw new Error(opened.reason);
    kept = opened.value;
    return kept;
  }

  return {
    async ensureAdministrator(given) {
      const wanted = given ? checkCredentials(given) : ok(newCredentials(random));
      if (!wanted.ok) return wanted;
      const fresh = newRow(wanted.value);
      const row = await store.write(async (tx) => {
        if (await tx.insert(administrators, onlyKey, fresh)) return fresh;
        return (await tx.get(administrators, onlyKey)) ?? fresh;
      });
      const opened = open(row);
      if (!opened.ok) return opened;
      const found = credentialsOf(opened.value);
      if (given && !same(found, given)) {
        return refuse(
          "the administrator's keys were set at first start and are not the given ones: " +
            `leave them out, or give the keys of ${found.accessKeyId}`,
        );
      }
      kept = opened.value;
      return ok(found);
    },
    async administrator() {
      const signer = await load();
      return signer && credentialsOf(signer);
    },
    async findSecret(accessKeyId) {
      const signer = await load();
      return signer?.caller.accessKeyId === accessKeyId ? signer : undefined;
    },
  };

  function newRow({ accessKeyId, secretAccessKey }: Credentials): AdministratorRow {
    return {
      accessKeyId,
      sealedSecret: vault.seal(secretAccessKey, contextOf(accessKeyId)),
      userId: newUserId(random),
      createdAtMs: clock.nowMs(),
    };
  }
}

function credentialsOf({ caller, secretAccessKey }: Signer): Credentials {
  return { accessKeyId: caller.accessKeyId, secretAccessKey };
}

function same(a: Credentials, b: Credentials): boolean {
  return a.accessKeyId === b.accessKeyId && a.secretAccessKey === b.secretAccessKey;
}

/** Managed keys for tests: a stand-in that seals by naming, and counts what it is asked. */
import { formatArn, parseArn, type Scope } from '../../kernel/arn.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { EncryptionContext, KeyAnswer, KeyProblem, Keys } from '../keys/keys.ts';
import type { KeyRow } from '../keys/rows.ts';

interface SealedText {
  readonly arn: string;
  readonly context: EncryptionContext;
  readonly plaintext: string;
}

export const keyAccount = '123456789012';

export class FakeKeys implements Keys {
  /** By ARN. */
  readonly rows = new Map<string, KeyRow>();
  /** Alias to ARN. */
  readonly aliases = new Map<string, string>();
  /** Data keys made and opened, by the context they were asked with. */
  readonly made: EncryptionContext[] = [];
  readonly opened: EncryptionContext[] = [];
  readonly #random = seededRandom(99);

  add(id: string, more: Partial<KeyRow> = {}): KeyRow {
    const region = more.region ?? 'us-east-1';
    const account = more.account ?? keyAccount;
    const arn = formatArn({ partition: 'aws', region, account }, 'kms', `key/${id}`);
    const row: KeyRow = {
      ...{ id, arn, account, region, createdAtMs: 0, manager: 'customer', description: '' },
      ...{ spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', origin: 'AWS_KMS' },
      ...{ state: 'Enabled', multiRegion: false, tags: [], demandedRotations: 0 },
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${account}:root` },
            Action: 'kms:*',
            Resource: '*',
          },
        ],
      }),
      ...more,
    };
    this.rows.set(arn, row);
    return row;
  }

  alias(name: string, { arn }: KeyRow): void {
    this.aliases.set(name, arn);
  }

  change(key: KeyRow, more: Partial<KeyRow>): void {
    this.rows.set(key.arn, { ...(this.rows.get(key.arn) ?? key), ...more });
  }

  async find(reference: string, scope: Scope): Promise<KeyAnswer<KeyRow>> {
    const aliased = this.aliases.get(reference.replace(/^.*:(?=alias\/)/, ''));
    const named = parseArn(reference).ok ? reference : formatArn(scope, 'kms', `key/${reference}`);
    const row = this.rows.get(aliased ?? named);
    if (row && row.region === scope.region) return { ok: true, value: row };
    return refused('notFound', `Key '${named}' does not exist`);
  }

  async ofService(service: string, scope: Scope): Promise<KeyRow> {
    const name = `alias/aws/${service}`;
    const known = await this.find(name, scope);
    if (known.ok) return known.value;
    const { region, account } = scope;
    const made = this.add(`own-${service}`, { manager: 'service', region, account });
    this.alias(name, made);
    return made;
  }

  async seal(
    { arn }: KeyRow,
    plaintext: Uint8Array,
    context: EncryptionContext,
  ): Promise<KeyAnswer<Uint8Array>> {
    const usable = this.#usable(arn);
    if (!usable.ok) return usable;
    const text: SealedText = { arn, context, plaintext: Buffer.from(plaintext).toString('hex') };
    return { ok: true, value: Buffer.from(JSON.stringify(text)) };
  }

  async dataKey(key: KeyRow, options: Parameters<Keys['dataKey']>[1]) {
    this.made.push(options.context);
    const plaintext = this.#random.bytes(options.sizeBytes);
    const sealed = await this.seal(key, plaintext, options.context);
    if (!sealed.ok) return sealed;
    const value = { plaintext, sealed: sealed.value, keyArn: key.arn, material: '0'.repeat(64) };
    return { ok: true as const, value };
  }

  async open(sealed: Uint8Array, { context, keyArn }: Parameters<Keys['open']>[1]) {
    this.opened.push(context);
    const text = JSON.parse(Buffer.from(sealed).toString()) as SealedText;
    const usable = this.#usable(text.arn);
    if (!usable.ok) return usable;
    if (keyArn !== undefined && keyArn !== text.arn) return refused('incorrectKey', 'another key');
    const pairs = (of: EncryptionContext) => JSON.stringify(Object.entries(of).sort());
    if (pairs(text.context) !== pairs(context)) return refused('invalidCiphertext', 'null');
    const plaintext = Uint8Array.from(Buffer.from(text.plaintext, 'hex'));
    return { ok: true as const, value: { plaintext, keyArn: text.arn, material: '' } };
  }

  async keyOf(sealed: Uint8Array): Promise<KeyAnswer<KeyRow>> {
    return this.#usable((JSON.parse(Buffer.from(sealed).toString()) as SealedText).arn);
  }

  async policyOf({ policy }: KeyRow): Promise<string> {
    return policy;
  }

  #usable(arn: string): KeyAnswer<KeyRow> {
    const row = this.rows.get(arn);
    if (!row) return refused('notFound', `Key '${arn}' does not exist`);
    if (row.state === 'Disabled') return refused('disabled', `${arn} is disabled.`);
    if (row.state === 'PendingDeletion')
      return refused('invalidState', `${arn} is pending deletion.`);
    if (row.usage !== 'ENCRYPT_DECRYPT') return refused('invalidUsage', 'no key to encrypt with');
    return { ok: true, value: row };
  }
}

function refused(problem: KeyProblem, reason: string): KeyAnswer<never> {
  return { ok: false, problem, reason };
}

/**
 * Signatures of messages, as subscribers verify them: RSA over a canonical text, with a certificate
 * that is served to anyone. The key is made when it is first needed and kept sealed.
 * Source: "Verifying the signatures of Amazon SNS messages", developer guide.
 */
import { createHash, createPrivateKey, createSign, type KeyObject } from 'node:crypto';
import { compareUtf8 } from '../../kernel/bytes.ts';
import type { Certificates } from '../../ports/certificates.ts';
import type { MetadataStore } from '../../ports/metadata-store.ts';
import { type SigningRow, signingRows } from './rows.ts';

export interface Secrets {
  /** Encrypts for storage. */
  seal(text: string): string;
  open(sealed: string): string;
}

/** 1 is RSA with SHA-1, 2 with SHA-256. */
export type SignatureVersion = '1' | '2';

export interface Signer {
  /** Base64, over the canonical text of the fields. */
  sign(version: SignatureVersion, fields: SignedFields): Promise<string>;
  /** What the certificate is served as, without `.pem`. */
  certificateName(): Promise<string>;
  /** Undefined for a name that is not the certificate's, and before anything was signed. */
  certificatePem(name?: string): Promise<string | undefined>;
}

/** Names and decoded texts of what is signed. */
export type SignedFields = Readonly<Record<string, string>>;

export interface SignerParts {
  readonly store: MetadataStore;
  readonly certificates: Certificates;
  readonly secrets: Secrets;
}

const commonName = 'sns.amazonaws.com';
const current = 'current';

/** Name and value on a line each, in order of names. */
export function canonicalText(fields: SignedFields): string {
  const names = Object.keys(fields).sort(compareUtf8);
  return names.map((name) => `${name}\n${fields[name]}\n`).join('');
}

export function makeSigner({ store, certificates, secrets }: SignerParts): Signer {
  let made: Promise<{ readonly row: SigningRow; readonly key: KeyObject }> | undefined;

  async function load() {
    let row = await store.get(signingRows, current);
    if (!row) {
      const pair = await certificates.selfSigned({ commonName });
      const digest = createHash('sha256').update(pair.certificatePem).digest('hex').slice(0, 32);
      const fresh: SigningRow = {
        name: `SimpleNotificationService-${digest}`,
        certificatePem: pair.certificatePem,
        sealedKey: secrets.seal(pair.privateKeyPem),
      };
      row = await store.write(async (tx) => {
        // Another process may have been faster: one key serves all.
        await tx.insert(signingRows, current, fresh);
        return (await tx.get(signingRows, current)) ?? fresh;
      });
    }
    return { row, key: createPrivateKey(secrets.open(row.sealedKey)) };
  }

  function ready() {
    made ??= load().catch((cause: unknown) => {
      // The next caller tries again.
      made = undefined;
      throw cause;
    });
    return made;
  }

  return {
    async sign(version, fields) {
      const { key } = await ready();
      const algorithm = version === '2' ? 'RSA-SHA256' : 'RSA-SHA1';
      return createSign(algorithm).update(canonicalText(fields)).sign(key, 'base64');
    },
    certificateName: async () => (await ready()).row.name,
    async certificatePem(name) {
      // Never made for whoever asks: an unsigned request costs no key.
      const row = await store.get(signingRows, current);
      return name === undefined || row?.name === name ? row?.certificatePem : undefined;
    },
  };
}

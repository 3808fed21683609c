/**
 * The part of the package `pkcs11js` that is used, and its loading. The package is optional: it is
 * compiled where it is installed, and only those who have a token need it.
 */
import { createRequire } from 'node:module';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';

type Handle = Buffer;

export interface Attribute {
  readonly type: number;
  readonly value?: number | boolean | string | Buffer;
}

export interface Mechanism {
  readonly mechanism: number;
  readonly parameter?: Readonly<Record<string, unknown>>;
}

export interface Pkcs11 {
  load(module: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(withToken: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_Logout(session: Handle): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, most: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GenerateKey(session: Handle, how: Mechanism, template: readonly Attribute[]): Handle;
  C_EncryptInit(session: Handle, how: Mechanism, key: Handle): void;
  C_Encrypt(session: Handle, from: Buffer, to: Buffer): Buffer;
  C_DecryptInit(session: Handle, how: Mechanism, key: Handle): void;
  C_Decrypt(session: Handle, from: Buffer, to: Buffer): Buffer;
}

/** The package: its class, and the constants of PKCS #11 by name. */
export interface Driver {
  readonly make: () => Pkcs11;
  readonly constant: (name: string) => number;
}

export const driverVersion = '2.1.7';

/** Refused with how to install it. */
export function loadDriver(): Outcome<Driver> {
  try {
    const load = createRequire(import.meta.url);
    const loaded = load('pkcs11js') as { PKCS11: new () => Pkcs11 } & Record<string, unknown>;
    return ok({
      make: () => new loaded.PKCS11(),
      constant(name) {
        const value = loaded[name];
        if (typeof value !== 'number') throw new Error(`pkcs11js does not know ${name}`);
        return value;
      },
    });
  } catch (cause) {
    return refuse(
      `keys on a token need the package pkcs11js beside modelkeep: npm install ` +
        `pkcs11js@${driverVersion} (with --global when modelkeep is), which compiles it: ` +
        `${reasonOf(cause).split('\n')[0]}`,
    );
  }
}

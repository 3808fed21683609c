/**
 * A key on a token that is spoken to by PKCS #11: AES-256, made there, not to be had out of it.
 * Wrapped secrets are `nonce(12) ‖ ciphertext ‖ tag(16)` of AES-GCM. The driver answers at once,
 * so nothing here waits, but for a token that is slow.
 */
import { existsSync } from 'node:fs';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { Random } from '../../kernel/random.ts';
import type { DeviceKey, KeyDevice, OpenKeyDevice } from '../../ports/key-device.ts';
import { type Attribute, type Driver, loadDriver, type Mechanism, type Pkcs11 } from './driver.ts';

const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;

/** `load` is for tests; `random` makes nonces. */
export function pkcs11Devices(random: Random, load = loadDriver): OpenKeyDevice {
  return async (of) => {
    const driver = load();
    if (!driver.ok) return driver;
    if (!existsSync(of.module)) return refuse(`there is no PKCS #11 module at ${of.module}`);
    try {
      return openDevice(driver.value, of, random);
    } catch (cause) {
      return refuse(`the PKCS #11 module ${of.module} cannot be used: ${reasonOf(cause)}`);
    }
  };
}

function openDevice(driver: Driver, of: DeviceKey, random: Random): Outcome<KeyDevice> {
  const api = driver.make();
  api.load(of.module);
  try {
    api.C_Initialize();
    const session = login(driver, api, of);
    if (session.ok) return ok(deviceOf({ driver, api, of, random, session: session.value }));
    end(api);
    return session;
  } catch (cause) {
    end(api);
    throw cause;
  }
}

function end(api: Pkcs11): void {
  try {
    api.C_Finalize();
  } finally {
    api.close();
  }
}

function login({ constant }: Driver, api: Pkcs11, { token, pin }: DeviceKey): Outcome<Buffer> {
  const labels = api.C_GetSlotList(true).map((slot) => ({
    slot,
    label: api.C_GetTokenInfo(slot).label.replace(/[\s\0]+$/, ''),
  }));
  const found = labels.find(({ label }) => label === token);
  if (!found) return refuse(`the module has no token labelled ${token}`);
  const flags = constant('CKF_SERIAL_SESSION') | constant('CKF_RW_SESSION');
  const session = api.C_OpenSession(found.slot, flags);
  try {
    api.C_Login(session, constant('CKU_USER'), pin);
    return ok(session);
  } catch (cause) {
    return refuse(`the token ${token} does not open with this PIN: ${reasonOf(cause)}`);
  }
}

interface Opened {
  readonly driver: Driver;
  readonly api: Pkcs11;
  readonly of: DeviceKey;
  readonly random: Random;
  readonly session: Buffer;
}

function deviceOf(opened: Opened): KeyDevice {
  const { api, of, session } = opened;
  const missing = refuse(`the token ${of.token} has no key labelled ${of.key}`);
  return {
    async ensureKey() {
      return attempt('make a key', () => {
        if (!findKey(opened)) makeKey(opened);
        return ok(undefined);
      });
    },
    async wrap(secret, binding) {
      return attempt('wrap', () => {
        const key = findKey(opened);
        if (!key) return missing;
        const nonce = Buffer.from(opened.random.bytes(nonceBytes));
        api.C_EncryptInit(session, gcm(opened.driver, nonce, binding), key);
        const room = Buffer.alloc(secret.length + tagBytes);
        const sealed = api.C_Encrypt(session, Buffer.from(secret), room);
        return ok(Buffer.concat([nonce, sealed]));
      });
    },
    async unwrap(wrapped, binding) {
      return attempt('unwrap: another key, or damage', () => {
        const key = findKey(opened);
        if (!key) return missing;
        if (wrapped.length <= nonceBytes + tagBytes) return refuse('too short to be wrapped');
        const bytes = Buffer.from(wrapped);
        const nonce = bytes.subarray(0, nonceBytes);
        api.C_DecryptInit(session, gcm(opened.driver, nonce, binding), key);
        const sealed = bytes.subarray(nonceBytes);
        const plain = api.C_Decrypt(session, sealed, Buffer.alloc(sealed.length));
        const secret = Uint8Array.from(plain);
        plain.fill(0);
        return ok(secret);
      });
    },
    async close() {
      api.C_Logout(session);
      api.C_CloseSession(session);
      end(api);
    },
  };
}

/** What a token refuses comes as an exception with the name of PKCS #11's code. */
function attempt<T>(what: string, work: () => Outcome<T>): Outcome<T> {
  try {
    return work();
  } catch (cause) {
    return refuse(`the token cannot ${what}: ${reasonOf(cause)}`);
  }
}

function gcm({ constant }: Driver, nonce: Buffer, binding: Uint8Array): Mechanism {
  return {
    mechanism: constant('CKM_AES_GCM'),
    parameter: {
      type: constant('CK_PARAMS_AES_GCM'),
      iv: nonce,
      ivBits: nonceBytes * 8,
      aad: Buffer.from(binding),
      tagBits: tagBytes * 8,
    },
  };
}

function namesOf({ driver: { constant }, of }: Opened): readonly Attribute[] {
  return [
    { type: constant('CKA_CLASS'), value: constant('CKO_SECRET_KEY') },
    { type: constant('CKA_KEY_TYPE'), value: constant('CKK_AES') },
    { type: constant('CKA_LABEL'), value: of.key },
  ];
}

/** Two keys of one label would make it a matter of luck which one opens. */
function findKey(opened: Opened): Buffer | undefined {
  const { api, of, session } = opened;
  api.C_FindObjectsInit(session, namesOf(opened));
  try {
    const [key, other] = api.C_FindObjects(session, 2);
    if (other) throw new Error(`it has several keys labelled ${of.key}`);
    return key;
  } finally {
    api.C_FindObjectsFinal(session);
  }
}

function makeKey(opened: Opened): void {
  const { api, session, driver } = opened;
  const { constant } = driver;
  const yes = (name: string): Attribute => ({ type: constant(name), value: true });
  api.C_GenerateKey(session, { mechanism: constant('CKM_AES_KEY_GEN') }, [
    ...namesOf(opened),
    { type: constant('CKA_VALUE_LEN'), value: keyBytes },
    { type: constant('CKA_EXTRACTABLE'), value: false },
    ...['CKA_TOKEN', 'CKA_PRIVATE', 'CKA_SENSITIVE', 'CKA_ENCRYPT', 'CKA_DECRYPT'].map(yes),
  ]);
}

/** A data folder that a token opens; with a real one where there is one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  makeTokens,
  noSofthsm,
  softhsmModule,
  softhsmPin,
} from '../adapters/pkcs11/softhsm.fixture.ts';
import { initSeal, rotate, sealStatus } from './seal-offline.ts';
import { answering, Place, reasonFor, value } from './unseal.fixture.ts';
import { openKeyring, unseal } from './unseal.ts';

const nobody = answering();
let place: Place;
beforeEach(async () => {
  place = await Place.make();
});
afterEach(() => place.remove());

test('without its module and its PIN it says what is needed', async () => {
  const made = await initSeal(place.config(), { kind: 'pkcs11' }, nobody);
  expect(reasonFor(made)).toBe('a token needs --pkcs11-module and --pkcs11-pin-file');
});

describe.skipIf(noSofthsm !== '')(`SoftHSM ${noSofthsm}`, () => {
  let tokens: Awaited<ReturnType<typeof makeTokens>>;
  beforeAll(async () => {
    tokens = await makeTokens('modelkeep', 'other');
  });
  afterAll(() => tokens.remove());

  test('a token opens it, and no other one, and its seal can be made anew', async () => {
    const pin = await place.secretFile('pin', `${softhsmPin}\n`);
    const flags = { 'pkcs11-module': softhsmModule, 'pkcs11-pin-file': pin };
    value(await initSeal(place.config(flags), { kind: 'pkcs11' }, nobody));
    const { seals } = value(await sealStatus(place.config()));
    expect(seals).toMatchObject([{ kind: 'pkcs11', parameters: { token: 'modelkeep' } }]);
    const { current } = value(await openKeyring(place.config(flags), nobody));
    value(await rotate(place.config(flags), { layer: 'unseal' }, nobody));
    value(await rotate(place.config(flags), { layer: 'root' }, nobody));
    expect(value(await openKeyring(place.config(flags), nobody)).current).toEqual(current);
    const server = await place.start(flags);
    expect(server.isSealed).toBe(false);
    await server.stop();
    const refusal = async (over: object) =>
      reasonFor(await unseal(place.config({ ...flags, ...over })));
    const move = place.config({ ...flags, 'pkcs11-token': 'other', 'pkcs11-key': 'next' });
    value(await rotate(move, { layer: 'unseal' }, nobody));
    expect(value(await sealStatus(place.config())).seals).toMatchObject([
      { parameters: { token: 'other', key: 'next' } },
    ]);
    expect(value(await openKeyring(place.config(flags), nobody)).current).toEqual(current);
    const wrong = await place.secretFile('wrong', '9999');
    expect(await refusal({ 'pkcs11-pin-file': wrong })).toContain('does not open with this PIN');
    expect(reasonFor(await unseal(place.config()))).toContain('a token needs --pkcs11-module');
  });
});

/** Devices for one-time codes: made, given to users by two codes in a row, taken away. */
import type * as sdk from '@aws-sdk/client-iam';
import { expect, test } from 'vitest';
import { mfaDevices } from '../../engines/identity/rows.ts';
import { codeAt, stepAt, stepMs } from '../../engines/identity/totp.ts';
import { arnOf, setup, startMs } from './principal.fixture.ts';

const serial = arnOf('mfa/phone');
const invalid = {
  code: 'InvalidAuthenticationCodeException',
  message: 'Authentication code for device is not valid.',
};

async function withDevice() {
  const parts = setup();
  const { run } = parts;
  const ann = await parts.userCaller('ann');
  const { VirtualMFADevice: device } = await run<sdk.CreateVirtualMFADeviceResponse>(
    'CreateVirtualMFADevice',
    { VirtualMFADeviceName: 'phone' },
  );
  const seed = Buffer.from(device?.Base32StringSeed ?? []).toString();
  /** Two codes in a row, the second of the step that is so far from now. */
  const codes = (at = 0) => {
    const step = stepAt(parts.clock.nowMs()) + at;
    return {
      AuthenticationCode1: codeAt(seed, step - 1),
      AuthenticationCode2: codeAt(seed, step),
    };
  };
  const enable = (more: object = {}) =>
    run('EnableMFADevice', { UserName: 'ANN', SerialNumber: serial, ...codes(), ...more });
  const wait = (steps: number) => parts.clock.moveTo(parts.clock.nowMs() + steps * stepMs);
  return { ...parts, ann, device, seed, codes, enable, wait };
}

test('a device shows its seed once, as text and as a picture', async () => {
  const { device, seed, store, run } = await withDevice();
  expect(device?.SerialNumber).toBe(serial);
  expect(seed).toMatch(/^[A-Z2-7]{32}$/);
  const picture = Buffer.from(device?.QRCodePNG ?? []).toString();
  expect(picture).toBe(`picture of otpauth://totp/phone%40111122223333?secret=${seed}`);
  const row = await store.get(mfaDevices, serial);
  expect(row?.sealedSeed).toContain('sealed:');
  const listed = await run<sdk.ListVirtualMFADevicesResponse>('ListVirtualMFADevices');
  expect(listed).toEqual({ VirtualMFADevices: [{ SerialNumber: serial }], IsTruncated: false });
  const again = run('CreateVirtualMFADevice', { VirtualMFADeviceName: 'phone' });
  await expect(again).rejects.toMatchObject({ code: 'EntityAlreadyExistsException' });
  await run('CreateVirtualMFADevice', { VirtualMFADeviceName: 'phone', Path: '/x/' });
});

test.each([
  [{ VirtualMFADeviceName: 'x'.repeat(129) }, 'VirtualMFADeviceName'],
  [{ VirtualMFADeviceName: 'x'.repeat(100), Path: `/${'p'.repeat(200)}/` }, 'Path'],
])('a serial that could not be asked for is not made', async (input, field) => {
  const { run } = setup();
  await expect(run('CreateVirtualMFADevice', input)).rejects.toMatchObject({
    code: 'ValidationError',
    message: expect.stringContaining(field),
  });
});

test('two codes in a row give the device to a user', async () => {
  const { enable, run, ann } = await withDevice();
  await enable();
  const shown = { SerialNumber: serial, EnableDate: new Date(startMs) };
  expect(await run('ListMFADevices', {}, ann)).toEqual({
    MFADevices: [{ UserName: 'ann', ...shown }],
    IsTruncated: false,
  });
  for (const input of [{}, { UserName: 'ANN' }]) {
    const found = await run('GetMFADevice', { SerialNumber: serial, ...input });
    expect(found).toEqual({ UserName: 'ann', ...shown });
  }
  const assigned = { VirtualMFADevices: [{ User: { UserName: 'ann' }, ...shown }] };
  for (const [AssignmentStatus, expected] of [
    ['Assigned', assigned],
    ['Any', assigned],
    ['Unassigned', { VirtualMFADevices: [] }],
  ] as const) {
    expect(await run('ListVirtualMFADevices', { AssignmentStatus })).toMatchObject(expected);
  }
  await expect(enable()).rejects.toMatchObject({ code: 'EntityAlreadyExistsException' });
});

test('codes that are not two in a row, or of another time, are refused', async () => {
  const { enable, codes, run, ann } = await withDevice();
  const { AuthenticationCode1: first, AuthenticationCode2: second } = codes();
  for (const wrong of [
    { AuthenticationCode1: second, AuthenticationCode2: first },
    { AuthenticationCode1: second },
    { AuthenticationCode2: first },
    codes(100),
    codes(-100),
  ]) {
    await expect(enable(wrong)).rejects.toMatchObject(invalid);
  }
  expect(await run('ListMFADevices', {}, ann)).toMatchObject({ MFADevices: [] });
});

test('a code is never taken twice, whatever happened in between', async () => {
  const { enable, codes, run, wait } = await withDevice();
  const used = codes();
  await enable(used);
  const target = { UserName: 'ann', SerialNumber: serial };
  await expect(run('ResyncMFADevice', { ...target, ...used })).rejects.toMatchObject(invalid);
  await run('DeactivateMFADevice', target);
  await expect(enable(used)).rejects.toMatchObject(invalid);
  wait(2);
  await enable();
});

test('a clock that is off is known from then on', async () => {
  const { enable, codes, run, wait, store } = await withDevice();
  await enable();
  wait(20);
  const target = { UserName: 'ann', SerialNumber: serial };
  await run('ResyncMFADevice', { ...target, ...codes(5) });
  expect(await store.get(mfaDevices, serial)).toMatchObject({ driftSteps: 5, userName: 'ann' });
});

test('a device belongs to one user', async () => {
  const { enable, codes, run, userCaller } = await withDevice();
  const bob = await userCaller('bob');
  const target = { UserName: 'bob', SerialNumber: serial };
  const notTheirs = { code: 'NoSuchEntityException', message: 'MFA Device invalid for user.' };
  for (const enabled of [false, true]) {
    if (enabled) await enable();
    for (const asked of [
      run('DeactivateMFADevice', target),
      run('DeactivateMFADevice', { SerialNumber: serial }, bob),
      run('ResyncMFADevice', { ...target, ...codes() }),
      run('GetMFADevice', target),
    ]) {
      await expect(asked).rejects.toMatchObject(notTheirs);
    }
  }
});

test('a device in use is not deleted, nor its user', async () => {
  const { enable, run } = await withDevice();
  await enable();
  const input = { SerialNumber: serial };
  await expect(run('DeleteVirtualMFADevice', input)).rejects.toMatchObject({
    code: 'DeleteConflictException',
  });
  await expect(run('DeleteUser', { UserName: 'ann' })).rejects.toMatchObject({
    message: 'Cannot delete entity, must delete MFA device first.',
  });
  await run('UpdateUser', { UserName: 'ann', NewUserName: 'anna' });
  expect(await run('GetMFADevice', input)).toMatchObject({ UserName: 'anna' });
  await run('DeactivateMFADevice', { ...input, UserName: 'anna' });
  expect(await run('GetMFADevice', input)).toEqual(input);
  await run('DeleteVirtualMFADevice', input);
  await run('DeleteUser', { UserName: 'anna' });
});

test.each([
  ['DeleteVirtualMFADevice', {}],
  ['EnableMFADevice', { UserName: 'ann' }],
  ['DeactivateMFADevice', { UserName: 'ann' }],
  ['ResyncMFADevice', { UserName: 'ann' }],
  ['GetMFADevice', {}],
  ['TagMFADevice', { Tags: [] }],
  ['UntagMFADevice', { TagKeys: [] }],
  ['ListMFADeviceTags', {}],
] as const)('%s of no device', async (operation, input) => {
  const { run } = await withDevice();
  for (const SerialNumber of [arnOf('mfa/none'), 'GAHT12345678']) {
    await expect(run(operation, { SerialNumber, ...input })).rejects.toMatchObject({
      code: 'NoSuchEntityException',
      message: `VirtualMFADevice with serial number ${SerialNumber} doesn't exist.`,
    });
  }
});

test('a user has eight devices at most', async () => {
  const { run, clock } = await withDevice();
  for (let n = 0; n <= 8; n += 1) {
    const { VirtualMFADevice: made } = await run<sdk.CreateVirtualMFADeviceResponse>(
      'CreateVirtualMFADevice',
      { VirtualMFADeviceName: `d${n}` },
    );
    const seed = Buffer.from(made?.Base32StringSeed ?? []).toString();
    const step = stepAt(clock.nowMs());
    const enabled = run('EnableMFADevice', {
      ...{ UserName: 'ann', SerialNumber: made?.SerialNumber },
      ...{ AuthenticationCode1: codeAt(seed, step - 1), AuthenticationCode2: codeAt(seed, step) },
    });
    if (n < 8) await enabled;
    else await expect(enabled).rejects.toThrow('Cannot exceed quota for MFADevicesPerUser: 8');
  }
});

test('devices have tags and pages', async () => {
  const { run } = setup();
  const Tags = [{ Key: 'owner', Value: 'ann' }];
  for (const VirtualMFADeviceName of ['a', 'b', 'c']) {
    await run('CreateVirtualMFADevice', { VirtualMFADeviceName, Tags });
  }
  const SerialNumber = arnOf('mfa/b');
  await run('TagMFADevice', { SerialNumber, Tags: [{ Key: 'x', Value: '1' }] });
  await run('UntagMFADevice', { SerialNumber, TagKeys: ['owner'] });
  expect(await run('ListMFADeviceTags', { SerialNumber })).toMatchObject({
    Tags: [{ Key: 'x', Value: '1' }],
  });
  const page = await run<sdk.ListVirtualMFADevicesResponse>('ListVirtualMFADevices', {
    MaxItems: 2,
  });
  expect(page).toMatchObject({ IsTruncated: true, VirtualMFADevices: [{}, {}] });
  const rest = await run('ListVirtualMFADevices', { Marker: page.Marker });
  expect(rest).toEqual({
    VirtualMFADevices: [{ SerialNumber: arnOf('mfa/c') }],
    IsTruncated: false,
  });
});

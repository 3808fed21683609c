/** Devices in the hands of users: two codes in a row prove that the device holds the seed. */
import type * as sdk from '@aws-sdk/client-iam';
import { type MfaDeviceRow, mfaDevices, nameKey } from '../../engines/identity/rows.ts';
import { consecutiveCodes, sealedSeedContext } from '../../engines/identity/totp.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { userNamed } from './entities.ts';
import { faults } from './faults.ts';
import { limits } from './limits.ts';
import { deviceNamed } from './mfa-device.ts';
import { sliceOf } from './paging.ts';
import { userMeant } from './user-meant.ts';
import { devicesOf, type Owner } from './user-parts.ts';

export async function enableMfaDevice(
  input: sdk.EnableMFADeviceRequest,
  ctx: IamCtx,
): Promise<void> {
  const { account } = ctx.scope;
  await ctx.identity.write(async (tx) => {
    const user = await userNamed(tx, account, input.UserName ?? '');
    const device = await deviceNamed(tx, account, input.SerialNumber ?? '');
    if (device.userName !== undefined) {
      throw faults.alreadyExists('MFA Device is already in use.');
    }
    const most = limits.mfaDevicesPerUser;
    if ((await devicesOf(tx, user)).length >= most) throw faults.limit('MFADevicesPerUser', most);
    await tx.put(mfaDevices, device.serial, {
      ...device,
      ...provenTime(device, input, ctx),
      userName: user.name,
      enabledAtMs: ctx.clock.nowMs(),
    });
  });
}

export async function resyncMfaDevice(
  input: sdk.ResyncMFADeviceRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const user = await userNamed(tx, ctx.scope.account, input.UserName ?? '');
    const device = await deviceWith(tx, user, input.SerialNumber ?? '');
    await tx.put(mfaDevices, device.serial, { ...device, ...provenTime(device, input, ctx) });
  });
}

type Codes = Pick<sdk.EnableMFADeviceRequest, 'AuthenticationCode1' | 'AuthenticationCode2'>;

/** How the device's clock stands, from two codes in a row. Throws InvalidAuthenticationCode. */
function provenTime(
  device: MfaDeviceRow,
  { AuthenticationCode1: first = '', AuthenticationCode2: second = '' }: Codes,
  { vault, clock }: IamCtx,
) {
  const seed = vault.open(device.sealedSeed, sealedSeedContext(device.serial));
  if (!seed.ok) throw new Error(`the seed of ${device.serial} does not open: ${seed.reason}`);
  const { lastStep } = device;
  const time = consecutiveCodes(seed.value, [first, second], { nowMs: clock.nowMs(), lastStep });
  if (!time) throw faults.invalidCode();
  return time;
}

/** The codes that were accepted stay used, whoever gets the device next. */
export async function deactivateMfaDevice(
  { UserName: name, SerialNumber: serial = '' }: sdk.DeactivateMFADeviceRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const device = await deviceWith(tx, await userMeant(tx, ctx, name), serial);
    const { userName: _, enabledAtMs: __, ...free } = device;
    await tx.put(mfaDevices, serial, free);
  });
}

export async function listMfaDevices(
  input: sdk.ListMFADevicesRequest,
  ctx: IamCtx,
): Promise<sdk.ListMFADevicesResponse> {
  const { reader } = ctx.identity;
  const user = await userMeant(reader, ctx, input.UserName);
  const { rows, ...page } = sliceOf(input, await devicesOf(reader, user));
  const shown = rows.map(({ serial, enabledAtMs = 0 }) => ({
    UserName: user.name,
    SerialNumber: serial,
    EnableDate: new Date(enabledAtMs),
  }));
  return { MFADevices: shown, ...page };
}

/** Without a user name the device itself says whose it is. */
export async function getMfaDevice(
  { SerialNumber: serial = '', UserName: name }: sdk.GetMFADeviceRequest,
  ctx: IamCtx,
): Promise<sdk.GetMFADeviceResponse> {
  const { reader } = ctx.identity;
  const { account } = ctx.scope;
  const device =
    name === undefined
      ? await deviceNamed(reader, account, serial)
      : await deviceWith(reader, await userNamed(reader, account, name), serial);
  const { userName, enabledAtMs } = device;
  return {
    SerialNumber: serial,
    ...(userName === undefined ? {} : { UserName: userName }),
    ...(enabledAtMs === undefined ? {} : { EnableDate: new Date(enabledAtMs) }),
  };
}

/** The device, if it is that user's. */
async function deviceWith(reader: Reader, user: Owner, serial: string): Promise<MfaDeviceRow> {
  const device = await deviceNamed(reader, user.account, serial);
  const holder = device.userName;
  if (holder === undefined || nameKey(user.account, holder) !== nameKey(user.account, user.name)) {
    throw faults.noSuch('MFA Device invalid for user.');
  }
  return device;
}

/** Virtual devices that give one-time codes: made and deleted here, given to users elsewhere. */
import type * as sdk from '@aws-sdk/client-iam';
import { type MfaDeviceRow, mfaDevices, nameKey, users } from '../../engines/identity/rows.ts';
import { newSeed, sealedSeedContext, uriOf } from '../../engines/identity/totp.ts';
import { parseArn } from '../../kernel/arn.ts';
import type { Entry, Reader, Transaction } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { limits } from './limits.ts';
import { arnOf, rootPath } from './names.ts';
import { pageOf } from './paging.ts';
import { mergedTags, tagMember, tagPage, withoutTags } from './tags.ts';
import { userOf } from './user.ts';

/** Fewer than the original takes, so that every serial fits its own limit of 256 characters. */
const longestName = 128;

/** The seed is shown once, as text and as a picture, and kept sealed. */
export async function createVirtualMfaDevice(
  input: sdk.CreateVirtualMFADeviceRequest,
  ctx: IamCtx,
): Promise<sdk.CreateVirtualMFADeviceResponse> {
  const { account } = ctx.scope;
  const { VirtualMFADeviceName: name = '', Path: path = rootPath } = input;
  const serial = arnOf(ctx.scope, 'mfa', { name, path });
  assertShort(name, serial);
  const seed = newSeed(ctx.random);
  const row: MfaDeviceRow = {
    ...{ account, name, path, serial },
    sealedSeed: ctx.vault.seal(seed, sealedSeedContext(serial)),
    createdAtMs: ctx.clock.nowMs(),
    tags: mergedTags({}, input.Tags),
  };
  await ctx.identity.write(async (tx) => {
    if (!(await tx.insert(mfaDevices, serial, row))) {
      throw faults.alreadyExists('MFADevice entity at the same path and name already exists.');
    }
    await assertRoom(tx, account);
  });
  return {
    VirtualMFADevice: {
      SerialNumber: serial,
      Base32StringSeed: Buffer.from(seed, 'utf8'),
      QRCodePNG: ctx.qr.png(uriOf(`${name}@${account}`, seed)),
      ...tagMember(row.tags),
    },
  };
}

/** As long as serials may be where they are asked for. */
const longestSerial = 256;

function assertShort(name: string, serial: string): void {
  if (name.length > longestName) {
    const rule = `Member must have length less than or equal to ${longestName}`;
    throw faults.validation(`VirtualMFADeviceName failed to satisfy constraint: ${rule}`);
  }
  if (serial.length > longestSerial) {
    const rule = `the serial number must have at most ${longestSerial} characters`;
    throw faults.validation(`Path failed to satisfy constraint: ${rule}`);
  }
}

async function assertRoom(tx: Transaction, account: string): Promise<void> {
  const most = limits.mfaDevicesPerAccount;
  const range = { index: 'account', equals: account, limit: most + 1 };
  const found = await tx.listBy(mfaDevices, range);
  if (found.length > most) throw faults.limit('MFADevicesPerAccount', most);
}

export async function deleteVirtualMfaDevice(
  { SerialNumber: serial = '' }: sdk.DeleteVirtualMFADeviceRequest,
  ctx: IamCtx,
): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await deviceNamed(tx, ctx.scope.account, serial);
    if (row.userName !== undefined) {
      throw faults.deleteConflict(
        'MFA VirtualDevice is in use. Must disassociate from user before deleting',
      );
    }
    await tx.delete(mfaDevices, serial);
  });
}

export async function listVirtualMfaDevices(
  input: sdk.ListVirtualMFADevicesRequest,
  ctx: IamCtx,
): Promise<sdk.ListVirtualMFADevicesResponse> {
  const { AssignmentStatus: status = 'Any' } = input;
  const { account } = ctx.scope;
  const { reader } = ctx.identity;
  const { rows, ...page } = await pageOf(
    input,
    (after, limit) => devicesAfter(reader, account, { after, limit }),
    (row) => status === 'Any' || (row.userName !== undefined) === (status === 'Assigned'),
  );
  const shown = await Promise.all(rows.map((row) => described(reader, row)));
  return { VirtualMFADevices: shown, ...page };
}

function devicesAfter(
  reader: Reader,
  account: string,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly Entry<MfaDeviceRow>[]> {
  return reader.listBy(mfaDevices, {
    ...{ index: 'account', equals: account, limit },
    ...(after === undefined ? {} : { after: { value: account, key: after } }),
  });
}

async function described(reader: Reader, row: MfaDeviceRow): Promise<sdk.VirtualMFADevice> {
  const { userName, enabledAtMs } = row;
  const user = userName && (await reader.get(users, nameKey(row.account, userName)));
  return {
    SerialNumber: row.serial,
    ...(user ? { User: userOf(user) } : {}),
    ...(enabledAtMs === undefined ? {} : { EnableDate: new Date(enabledAtMs) }),
  };
}

export async function tagMfaDevice(input: sdk.TagMFADeviceRequest, ctx: IamCtx): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await deviceNamed(tx, ctx.scope.account, input.SerialNumber ?? '');
    await tx.put(mfaDevices, row.serial, { ...row, tags: mergedTags(row.tags, input.Tags) });
  });
}

export async function untagMfaDevice(input: sdk.UntagMFADeviceRequest, ctx: IamCtx): Promise<void> {
  await ctx.identity.write(async (tx) => {
    const row = await deviceNamed(tx, ctx.scope.account, input.SerialNumber ?? '');
    await tx.put(mfaDevices, row.serial, { ...row, tags: withoutTags(row.tags, input.TagKeys) });
  });
}

export async function listMfaDeviceTags(
  input: sdk.ListMFADeviceTagsRequest,
  { scope, identity }: IamCtx,
): Promise<sdk.ListMFADeviceTagsResponse> {
  const row = await deviceNamed(identity.reader, scope.account, input.SerialNumber ?? '');
  return tagPage(input, row.tags);
}

/** Throws NoSuchEntity. */
export async function deviceNamed(
  reader: Reader,
  account: string,
  serial: string,
): Promise<MfaDeviceRow> {
  const row = parseArn(serial).ok ? await reader.get(mfaDevices, serial) : undefined;
  if (row?.account !== account) throw faults.noSuchDevice(serial);
  return row;
}

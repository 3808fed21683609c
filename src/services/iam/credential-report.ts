/**
 * The credential report: one line a user with the state of every credential, in the original's
 * columns. It is made at once, and is what it was when it was made until the next one is.
 */
import type * as sdk from '@aws-sdk/client-iam';
import { everyEntry } from '../../engines/identity/every.ts';
import { changeDueMs } from '../../engines/identity/passwords.ts';
import {
  type AccessKeyRow,
  accountPrefix,
  keyUses,
  type PasswordPolicy,
  type UserRow,
  users,
} from '../../engines/identity/rows.ts';
import { hourMs } from '../../kernel/clock.ts';
import type { Collection, Reader } from '../../ports/metadata-store.ts';
import { passwordPolicyOf } from './account-settings.ts';
import type { IamCtx } from './context.ts';
import { faults } from './faults.ts';
import { rootArnOf } from './names.ts';
import { devicesOf, keysOf, loginOf } from './user-parts.ts';

/** After that the original asks for a new one. */
const lifetimeMs = 4 * hourMs;

interface ReportRow {
  readonly csv: string;
  readonly atMs: number;
}

/** Key: the account. */
const reports: Collection<ReportRow> = { name: 'identity/credential-reports' };

const keyColumns = (n: number) => [
  `access_key_${n}_active`,
  `access_key_${n}_last_rotated`,
  `access_key_${n}_last_used_date`,
  `access_key_${n}_last_used_region`,
  `access_key_${n}_last_used_service`,
];

const columns = [
  ...['user', 'arn', 'user_creation_time', 'password_enabled', 'password_last_used'],
  ...['password_last_changed', 'password_next_rotation', 'mfa_active'],
  ...keyColumns(1),
  ...keyColumns(2),
  ...['cert_1_active', 'cert_1_last_rotated', 'cert_2_active', 'cert_2_last_rotated'],
] as const;

const none = 'N/A';
const noKey = ['false', none, none, none, none];
/** There are no signing certificates here. */
const noCertificates = ['false', none, 'false', none];

export async function generateCredentialReport(
  _input: object,
  ctx: IamCtx,
): Promise<sdk.GenerateCredentialReportResponse> {
  const row = { csv: await reportOf(ctx), atMs: ctx.clock.nowMs() };
  await ctx.identity.write((tx) => tx.put(reports, ctx.scope.account, row));
  return { State: 'COMPLETE' };
}

export async function getCredentialReport(
  _input: object,
  { scope, identity, clock }: IamCtx,
): Promise<sdk.GetCredentialReportResponse> {
  const row = await identity.reader.get(reports, scope.account);
  if (!row) throw faults.noReport();
  if (clock.nowMs() - row.atMs > lifetimeMs) throw faults.expiredReport();
  return {
    Content: Buffer.from(row.csv, 'utf8'),
    ReportFormat: 'text/csv',
    GeneratedTime: new Date(row.atMs),
  };
}

async function reportOf({ scope, identity: { reader }, clock }: IamCtx): Promise<string> {
  const policy = await passwordPolicyOf(reader, scope.account);
  const lines: string[][] = [];
  let sinceMs = clock.nowMs();
  for await (const { row } of everyEntry(reader, users, accountPrefix(scope.account))) {
    sinceMs = Math.min(sinceMs, row.createdAtMs);
    lines.push(await lineOf(reader, row, policy));
  }
  const root = rootLine(rootArnOf(scope), sinceMs);
  return [[...columns], root, ...lines].map((cells) => cells.map(quoted).join(',')).join('\n');
}

/** The root user is as old as the first user, and has no credentials here. */
function rootLine(arn: string, sinceMs: number): string[] {
  const password = ['not_supported', none, 'not_supported', 'not_supported', 'false'];
  return [
    '<root_account>',
    arn,
    stamp(sinceMs),
    ...password,
    ...noKey,
    ...noKey,
    ...noCertificates,
  ];
}

async function lineOf(
  reader: Reader,
  user: UserRow,
  policy: PasswordPolicy | undefined,
): Promise<string[]> {
  const [first, second] = await keysOf(reader, user);
  const devices = await devicesOf(reader, user);
  return [
    ...[user.name, user.arn, stamp(user.createdAtMs)],
    ...(await passwordCells(reader, user, policy)),
    String(devices.length > 0),
    ...(await keyCells(reader, first)),
    ...(await keyCells(reader, second)),
    ...noCertificates,
  ];
}

async function passwordCells(
  reader: Reader,
  user: UserRow,
  policy: PasswordPolicy | undefined,
): Promise<string[]> {
  const login = await loginOf(reader, user);
  if (!login) return ['false', none, none, none];
  const { passwordLastUsedAtMs: usedAtMs } = user;
  const dueMs = changeDueMs(login, policy);
  const used = usedAtMs === undefined ? 'no_information' : stamp(usedAtMs);
  return ['true', used, stamp(login.changedAtMs), dueMs === undefined ? none : stamp(dueMs)];
}

async function keyCells(reader: Reader, key: AccessKeyRow | undefined): Promise<string[]> {
  if (!key) return noKey;
  const use = await reader.get(keyUses, key.accessKeyId);
  const used = use ? [stamp(use.atMs), use.region, use.service] : [none, none, none];
  return [String(key.status === 'Active'), stamp(key.createdAtMs), ...used];
}

/** As the original writes instants: whole seconds, `+00:00`. */
function stamp(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 19)}+00:00`;
}

/** Names may hold commas. */
function quoted(cell: string): string {
  return cell.includes(',') ? `"${cell}"` : cell;
}

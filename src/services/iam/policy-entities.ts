/** Who has a managed policy, or is bounded by it. */
import type * as sdk from '@aws-sdk/client-iam';
import {
  type AttachmentRow,
  attachments,
  type EntityKind,
  type EntityRow,
} from '../../engines/identity/rows.ts';
import type { Entry, Reader } from '../../ports/metadata-store.ts';
import type { IamCtx } from './context.ts';
import { rootPath } from './names.ts';
import { pageOf } from './paging.ts';
import { findHolder } from './policy-holder.ts';
import { policyAt } from './policy-lookup.ts';

interface Holder {
  readonly attachment: AttachmentRow;
  /** Undefined only between two writes of a rename that was cut short: then it is not shown. */
  readonly entity: EntityRow | undefined;
}

const usages = { PermissionsPolicy: 'policy', PermissionsBoundary: 'boundary' } as const;
const kinds: Readonly<Record<string, EntityKind>> = { User: 'user', Group: 'group', Role: 'role' };

export async function listEntitiesForPolicy(
  input: sdk.ListEntitiesForPolicyRequest,
  ctx: IamCtx,
): Promise<sdk.ListEntitiesForPolicyResponse> {
  const { reader } = ctx.identity;
  const { PolicyArn: arn = '', EntityFilter: filter, PolicyUsageFilter: usage } = input;
  const { account } = ctx.scope;
  await policyAt(reader, account, arn);
  const wanted = usage && usages[usage];
  const { rows, ...page } = await pageOf<Holder>(
    input,
    (after, limit) => holdersOf(reader, { arn, account, after, limit }),
    ({ attachment, entity }) =>
      (filter === undefined || kinds[filter] === attachment.kind) &&
      (wanted === undefined || wanted === attachment.as) &&
      (entity?.path.startsWith(input.PathPrefix ?? rootPath) ?? false),
  );
  const of = (kind: EntityKind) =>
    rows.map(({ attachment }) => attachment).filter((one) => one.kind === kind);
  return {
    PolicyGroups: of('group').map(({ name, id }) => ({ GroupName: name, GroupId: id })),
    PolicyUsers: of('user').map(({ name, id }) => ({ UserName: name, UserId: id })),
    PolicyRoles: of('role').map(({ name, id }) => ({ RoleName: name, RoleId: id })),
    ...page,
  };
}

interface Slice {
  readonly arn: string;
  readonly account: string;
  readonly after: string | undefined;
  readonly limit: number;
}

/** Keys without the ARN: a marker must not be longer than the original's. */
async function holdersOf(
  reader: Reader,
  { arn, account, after, limit }: Slice,
): Promise<readonly Entry<Holder>[]> {
  const prefix = `${arn}|`;
  const entries = await reader.list(attachments, {
    prefix,
    limit,
    ...(after === undefined ? {} : { after: prefix + after }),
  });
  return Promise.all(
    entries.map(async ({ key, row }) => {
      const entity = await findHolder(reader, row.kind, { account, name: row.name });
      return { key: key.slice(prefix.length), row: { attachment: row, entity } };
    }),
  );
}

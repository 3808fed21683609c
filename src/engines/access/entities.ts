/** Users and roles with all their policies, kept while nothing is written, within a bound. */
import type { Reader } from '../../ports/metadata-store.ts';
import { groups, nameKey, type RoleRow, roles, type UserRow, users } from '../identity/rows.ts';
import type { IdentitySpace } from '../identity/space.ts';
import type { SourcedPolicy } from '../policy/types.ts';
import { makeMemo } from './memo.ts';
import { type Found, type Sources, unreadable } from './sources.ts';

export interface Entity {
  readonly kind: 'user' | 'role';
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly identity: readonly SourcedPolicy[];
  readonly boundary?: SourcedPolicy;
  /** Says which of the policies cannot be read. */
  readonly closed?: string;
}

export interface Entities {
  /** By unique id: a deleted and made-again name is another one. */
  byId(kind: Entity['kind'], id: string): Promise<Entity | undefined>;
}

const mostKept = 10_000;

export function makeEntities(space: IdentitySpace, sources: Sources): Entities {
  const { reader } = space;
  const ofEntities = makeMemo<Entity | undefined>(space, mostKept);
  const inGroups = makeMemo<Found>(space, mostKept);

  async function read(kind: Entity['kind'], id: string): Promise<Entity | undefined> {
    const row = kind === 'user' ? await userOf(reader, id) : await roleOf(reader, id);
    if (!row) return undefined;
    const fromGroups = 'groups' in row ? await ofGroups(row) : [];
    const own = sources.inline(row.inline, kind);
    const attached = await sources.managed(row.attached, 'managed');
    const bounds = await sources.managed(row.boundaryArn ? [row.boundaryArn] : [], 'managed');
    const { policies, broken } = sources.gathered([own, attached, ...fromGroups]);
    const closed = unreadable({ policies, broken: [...broken, ...bounds.broken] });
    const [boundary] = bounds.policies;
    const { name, arn, tags } = row;
    return {
      ...{ kind, id, name, arn, tags, identity: policies },
      ...(boundary ? { boundary } : {}),
      ...(closed === undefined ? {} : { closed }),
    };
  }

  function ofGroups({ account, groups: names }: UserRow): Promise<readonly Found[]> {
    const of = (name: string) => {
      const key = nameKey(account, name);
      return inGroups(key, () => ofGroup(key));
    };
    return Promise.all(names.map(of));
  }

  async function ofGroup(key: string): Promise<Found> {
    const group = await reader.get(groups, key);
    if (!group) return { policies: [], broken: [`there is no group ${key}`] };
    const attached = await sources.managed(group.attached, 'managed');
    return sources.gathered([sources.inline(group.inline, 'group'), attached]);
  }

  return { byId: (kind, id) => ofEntities(`${kind} ${id}`, () => read(kind, id)) };
}

async function userOf(reader: Reader, id: string): Promise<UserRow | undefined> {
  const [found] = await reader.listBy(users, { index: 'id', equals: id, limit: 1 });
  return found?.row;
}

async function roleOf(reader: Reader, id: string): Promise<RoleRow | undefined> {
  const [found] = await reader.listBy(roles, { index: 'id', equals: id, limit: 1 });
  return found?.row;
}

/** Finds the documents that rows name, and compiles them. One that cannot be had is reported. */
import { publicPolicy } from '../identity/public-policies.ts';
import { managedPolicies } from '../identity/rows.ts';
import type { IdentitySpace } from '../identity/space.ts';
import type { SourcedPolicy } from '../policy/types.ts';
import type { Documents } from './documents.ts';
import { makeMemo } from './memo.ts';

export type SourceType = SourcedPolicy['type'];

export interface Found {
  readonly policies: readonly SourcedPolicy[];
  /** Of those that are missing or cannot be read: a denial might stand in them. */
  readonly broken: readonly string[];
}

export interface Sources {
  /** Name to document. */
  inline(documents: Readonly<Record<string, string>>, type: SourceType): Found;
  managed(arns: readonly string[], type: SourceType): Promise<Found>;
  gathered(found: readonly Found[]): Found;
}

/** Managed policies that are kept: most principals share a few of them. */
const mostKept = 10_000;

export function makeSources(space: IdentitySpace, documents: Documents): Sources {
  const memo = makeMemo<Found>(space, mostKept);

  function compiled(id: string, text: string | undefined, type: SourceType): Found {
    if (text === undefined) return { policies: [], broken: [`there is no policy ${id}`] };
    const made = documents.compiled(text, 'identity', id);
    if (!made.ok) return { policies: [], broken: [`${id}: ${made.reason}`] };
    return { policies: [{ id, type, compiled: made.value }], broken: [] };
  }

  async function textOf(arn: string): Promise<string | undefined> {
    const shared = publicPolicy(arn);
    if (shared) return shared.document;
    const row = await space.reader.get(managedPolicies, arn);
    return row?.versions[row.defaultVersion]?.document;
  }

  function gathered(found: readonly Found[]): Found {
    return {
      policies: found.flatMap(({ policies }) => policies),
      broken: found.flatMap(({ broken }) => broken),
    };
  }

  async function managed(arn: string, type: SourceType): Promise<Found> {
    return memo(`${type} ${arn}`, async () => compiled(arn, await textOf(arn), type));
  }

  return {
    inline: (texts, type) =>
      gathered(Object.entries(texts).map(([name, text]) => compiled(name, text, type))),
    managed: async (arns, type) =>
      gathered(await Promise.all(arns.map((arn) => managed(arn, type)))),
    gathered,
  };
}

/** Why nothing may be allowed, or undefined. */
export function unreadable(found: Found | undefined): string | undefined {
  return found && found.broken.length > 0 ? found.broken.join('; ') : undefined;
}

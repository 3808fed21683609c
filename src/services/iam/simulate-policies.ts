/** The policies of a simulation: those that are given, and those that a principal has. */
import type * as sdk from '@aws-sdk/client-iam';
import { isPublicArn } from '../../engines/identity/public-policies.ts';
import { type EntityKind, type EntityRow, groups, nameKey } from '../../engines/identity/rows.ts';
import { compilePolicy } from '../../engines/policy/compile.ts';
import { parsePolicy } from '../../engines/policy/parse.ts';
import { glob, piecesOf } from '../../engines/policy/patterns.ts';
import type { PolicyUse, SourcedPolicy } from '../../engines/policy/types.ts';
import type { Reader } from '../../ports/metadata-store.ts';
import { faults } from './faults.ts';
import { policyLimits } from './policy-limits.ts';
import { findPolicy } from './policy-lookup.ts';
import { defaultDocument } from './policy-version.ts';

/** A policy with what the answer says of where it comes from. */
export interface Source {
  readonly policy: SourcedPolicy;
  readonly type: sdk.PolicySourceType;
  /** Of managed policies. */
  readonly arn?: string;
  /** Whose inline policy it is. */
  readonly holder?: { readonly kind: EntityKind; readonly name: string };
}

/** Documents of a request; `member` names them: `PolicyInputList.1`. Throws InvalidInput. */
export function givenSources(
  texts: readonly string[] | undefined = [],
  member: string,
): readonly Source[] {
  const most = policyLimits.simulatedInputs;
  if (texts.length > most) {
    throw faults.invalidInput(`${member}: at most ${most} policies can be given.`);
  }
  const characters = texts.reduce((total, text) => total + text.length, 0);
  if (characters > policyLimits.simulatedCharacters) {
    throw faults.invalidInput(
      `${member}: policies may have ${policyLimits.simulatedCharacters} characters together.`,
    );
  }
  return texts.map((text, at) => {
    const id = `${member}.${at + 1}`;
    return { policy: givenPolicy(text, { id, use: 'identity' }), type: 'none' };
  });
}

/** The policy on the simulated resources. */
export function resourceSource(text: string): Source {
  const id = 'ResourcePolicy';
  return { policy: givenPolicy(text, { id, use: 'resource' }), type: 'resource' };
}

interface Origin {
  readonly id: string;
  readonly use: PolicyUse;
}

function givenPolicy(text: string, { id, use }: Origin): SourcedPolicy {
  const parsed = parsePolicy(text, use);
  if (!parsed.ok) throw faults.invalidInput(`${id}: ${parsed.reason}`);
  const compiled = compilePolicy(parsed.value);
  return { id, type: use === 'resource' ? 'resource' : 'managed', compiled };
}

/** Everything that gives a principal rights: inline, attached, and of a user's groups. */
export async function sourcesOf(
  reader: Reader,
  kind: EntityKind,
  row: EntityRow & { readonly groups?: readonly string[] },
): Promise<readonly Source[]> {
  const ofGroups = await Promise.all(
    (row.groups ?? []).map(async (name) => {
      const group = await reader.get(groups, nameKey(row.account, name));
      return group ? sourcesOf(reader, 'group', group) : [];
    }),
  );
  const attached = await Promise.all(
    row.attached.map((arn) => managedSource(reader, row.account, arn)),
  );
  return [...inlineSources(kind, row), ...attached, ...ofGroups.flat()];
}

function inlineSources(kind: EntityKind, { inline, name }: EntityRow): readonly Source[] {
  const holder = { kind, name };
  return Object.entries(inline).map(([id, text]) => {
    return { policy: keptPolicy(text, id, kind), type: kind, holder };
  });
}

/** Throws PolicyEvaluation for one that is gone. */
export async function managedSource(reader: Reader, account: string, arn: string): Promise<Source> {
  const row = await findPolicy(reader, account, arn);
  if (!row) throw faults.evaluation(`There is no policy ${arn}.`);
  const type = isPublicArn(arn) ? 'aws-managed' : 'user-managed';
  return { policy: keptPolicy(defaultDocument(row), row.name, 'managed'), type, arn };
}

function keptPolicy(text: string, id: string, type: SourcedPolicy['type']): SourcedPolicy {
  const parsed = parsePolicy(text, 'identity');
  if (!parsed.ok) throw faults.evaluation(`The policy ${id} cannot be read: ${parsed.reason}`);
  return { id, type, compiled: compilePolicy(parsed.value) };
}

/** Whether a policy of the principal is to be left out. */
export function isExcluded(source: Source, list: readonly sdk.PolicyIdentifier[] = []): boolean {
  return list.some((identifier) => matches(source, identifier));
}

/** Whether the boundary is to be left out. */
export function boundaryExcluded(list: readonly sdk.PolicyIdentifier[] = []): boolean {
  return list.some(({ PolicyType: type }) => type === 'permission-boundary');
}

function matches({ policy, type, arn, holder }: Source, excluded: sdk.PolicyIdentifier): boolean {
  const { PolicyType: wanted, PolicyArn: pattern, InlinePolicyIdentifier: inline } = excluded;
  if (wanted !== undefined) return wanted === (holder ? 'inline' : type);
  if (pattern !== undefined) return arn !== undefined && glob(piecesOf(pattern))(arn);
  if (!inline || !holder) return false;
  const { PolicyName: name, AttachmentType: kind, AttachmentName: attached = '*' } = inline;
  const sameHolder = kind === holder.kind && glob(piecesOf(attached))(holder.name);
  return sameHolder && policy.id === name;
}

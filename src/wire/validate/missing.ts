/** Required members that are absent, for the services that have words of their own for it. */
import type { Member, StructureType, Type } from '../model/types.ts';

/**
 * The first one as a parameter of the query protocol is named: `MetricData.member.1.MetricName`,
 * `SendMessageBatchRequestEntry.2.Id`. Undefined when all are there.
 */
export function firstMissing(type: StructureType, value: object, path = ''): string | undefined {
  const fields = value as Readonly<Record<string, unknown>>;
  for (const member of type.members) {
    const inner = fields[member.name];
    const name = path + (member.xmlName ?? member.name);
    if (inner === undefined && member.required) return name;
    const found = inner === undefined ? undefined : within(member, inner, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function within(member: Member, value: unknown, name: string): string | undefined {
  const { type } = member;
  if (isStructure(type)) return firstMissing(type, value as object, `${name}.`);
  if (type.kind !== 'list' || !isStructure(type.item.type)) return undefined;
  const { type: item } = type.item;
  const flat = member.xmlFlattened || type.xmlFlattened;
  const prefix = flat ? name : `${name}.${type.item.xmlName ?? 'member'}`;
  for (const [i, element] of (value as readonly object[]).entries()) {
    const found = firstMissing(item, element, `${prefix}.${i + 1}.`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isStructure(type: Type): type is StructureType {
  return type.kind === 'structure' || type.kind === 'union';
}

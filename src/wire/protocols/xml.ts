/** Values of the model to and from XML, as rest-xml and the answers of the query protocols. */
import { assert } from '../../kernel/assert.ts';
import type {
  ListType,
  MapType,
  Member,
  Slot,
  StructureType,
  Type,
  XmlNaming,
} from '../model/types.ts';
import { Malformed, Trail } from './malformed.ts';
import { readText, writeText } from './text.ts';
import type { XmlElement } from './xml-tree.ts';

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

type Fields = Readonly<Record<string, unknown>>;

/** Reads the given members of a structure from its element. Throws `Malformed`. */
export function readXml(
  type: StructureType,
  element: XmlElement,
  members: readonly Member[] = type.members,
): object {
  return readStructure({ type, element, trail: new Trail() }, members);
}

interface Reading<T extends Type = Type> {
  readonly type: T;
  readonly element: XmlElement;
  readonly trail: Trail;
}

function readStructure(
  { type, element, trail }: Reading<StructureType>,
  members: readonly Member[],
): object {
  const groups = group(element.children);
  const out: Record<string, unknown> = {};
  for (const member of members) {
    const name = member.xmlName ?? member.name;
    const value = member.xmlAttribute
      ? element.attributes[name]
      : trail.within(member.name, () => readMember(member, groups.get(name), trail));
    if (value !== undefined) out[member.name] = value;
  }
  if (type.kind === 'union' && Object.keys(out).length !== 1) {
    throw new Malformed(`Exactly one member of ${type.name} must be set.`);
  }
  return out;
}

function readMember(member: Member, elements: XmlElement[] | undefined, trail: Trail): unknown {
  const [first] = elements ?? [];
  if (!elements || !first) return undefined;
  const { type } = member;
  if (isFlattened(type, member) && type.kind === 'list') {
    return elements.map((element) => read({ type: type.item.type, element, trail }));
  }
  if (isFlattened(type, member) && type.kind === 'map') return readEntries(type, elements, trail);
  return read({ type, element: first, trail });
}

function read({ type, element, trail }: Reading): unknown {
  switch (type.kind) {
    case 'structure':
    case 'union':
      return readStructure({ type, element, trail }, type.members);
    case 'list': {
      const name = type.item.xmlName ?? 'member';
      const items = element.children.filter((child) => child.name === name);
      return trail.within(name, () =>
        items.map((item) => read({ type: type.item.type, element: item, trail })),
      );
    }
    case 'map':
      return readEntries(
        type,
        element.children.filter((child) => child.name === 'entry'),
        trail,
      );
    default:
      if (element.children.length > 0) {
        throw new Malformed(`The element ${element.name} may not have elements inside.`);
      }
      return readText(type, element.text, element.name);
  }
}

function readEntries(type: MapType, entries: readonly XmlElement[], trail: Trail): object {
  const pairs = entries.map(({ children }) => {
    const key = children.find(({ name }) => name === (type.key.xmlName ?? 'key'));
    const value = children.find(({ name }) => name === (type.value.xmlName ?? 'value'));
    if (!key || !value) throw new Malformed('An entry of a map needs a key and a value.');
    return [key.text, read({ type: type.value.type, element: value, trail })] as const;
  });
  return Object.fromEntries(pairs);
}

function group(children: readonly XmlElement[]): Map<string, XmlElement[]> {
  const groups = new Map<string, XmlElement[]>();
  for (const child of children) {
    const known = groups.get(child.name);
    if (known) known.push(child);
    else groups.set(child.name, [child]);
  }
  return groups;
}

function isFlattened(type: Type, member: Member | Slot): boolean {
  const own = (type.kind === 'list' || type.kind === 'map') && type.xmlFlattened === true;
  return own || ('xmlFlattened' in member && member.xmlFlattened === true);
}

/** One element for a structure, named by `name`, the type's XML name or its own name. */
export function writeXmlDocument(
  type: StructureType,
  value: object,
  { name, xmlns }: { readonly name?: string; readonly xmlns?: string },
): string {
  const out: string[] = [];
  const naming: XmlNaming = xmlns ? { xmlNamespace: [null, xmlns] } : {};
  writeElement(out, { name: name ?? type.xmlName ?? type.name, type, naming }, value);
  return out.join('');
}

/** The members of a structure as elements, without an element around them. */
export function writeXmlMembers(members: readonly Member[], value: object): string {
  const out: string[] = [];
  for (const member of members) writeMember(out, member, (value as Fields)[member.name]);
  return out.join('');
}

interface Place {
  readonly name: string;
  readonly type: Type;
  readonly naming: XmlNaming;
}

function writeMember(out: string[], member: Member, value: unknown): void {
  if (value === undefined || value === null || member.xmlAttribute) return;
  const { type } = member;
  const name = member.xmlName ?? member.name;
  if (!isFlattened(type, member)) return writeElement(out, { name, type, naming: member }, value);
  if (type.kind === 'list') {
    assert(Array.isArray(value), `${name} is no array`);
    for (const item of value) writeElement(out, { name, type: type.item.type, naming: {} }, item);
  } else if (type.kind === 'map') writeEntries(out, { type, name }, value);
}

function writeElement(out: string[], { name, type, naming }: Place, value: unknown): void {
  const { xmlNamespace } = naming;
  out.push('<', name);
  if (xmlNamespace) out.push(...namespaceAttribute(xmlNamespace));
  if (type.kind === 'structure' || type.kind === 'union') {
    assert(typeof value === 'object' && value !== null, `${name} is no object`);
    const fields = value as Fields;
    for (const member of type.members) {
      const text = member.xmlAttribute ? fields[member.name] : undefined;
      if (text !== undefined) {
        out.push(' ', member.xmlName ?? member.name, '="', escapeXml(String(text)), '"');
      }
    }
    out.push('>');
    for (const member of type.members) writeMember(out, member, fields[member.name]);
  } else {
    out.push('>');
    if (type.kind === 'list') writeItems(out, type, value);
    else if (type.kind === 'map') writeEntries(out, { type, name: 'entry' }, value);
    else out.push(escapeXml(writeText(type, value, 'date-time')));
  }
  out.push('</', name, '>');
}

function writeItems(out: string[], { item }: ListType, value: unknown): void {
  assert(Array.isArray(value), 'an output list is no array');
  const place = { name: item.xmlName ?? 'member', type: item.type, naming: item };
  for (const element of value) writeElement(out, place, element);
}

function writeEntries(
  out: string[],
  { type, name }: { readonly type: MapType; readonly name: string },
  value: unknown,
): void {
  assert(typeof value === 'object' && value !== null, `${name} is no object`);
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined || item === null) continue;
    out.push('<', name, '>');
    const { key: k, value: v } = type;
    writeElement(out, { name: k.xmlName ?? 'key', type: k.type, naming: k }, key);
    writeElement(out, { name: v.xmlName ?? 'value', type: v.type, naming: v }, item);
    out.push('</', name, '>');
  }
}

function namespaceAttribute(namespace: NonNullable<XmlNaming['xmlNamespace']>): string[] {
  const [prefix, uri] = typeof namespace === 'string' ? [null, namespace] : namespace;
  return [prefix ? ` xmlns:${prefix}="` : ' xmlns="', escapeXml(uri), '"'];
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** For text and attributes. Control characters become references, so that keys survive. */
export function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  return text.replace(/[&<>"\x00-\x08\x0b-\x1f\x85\u2028]/g, (char) => {
    return escapes[char] ?? `&#${char.charCodeAt(0)};`;
  });
}

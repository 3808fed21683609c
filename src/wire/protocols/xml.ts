/** Values of the model to and from XML, as rest-xml and the answers of the query protocols. */
import { assert } from '../../kernel/assert.ts';
import type { MapType, Member, Slot, StructureType, Type, XmlNaming } from '../model/types.ts';
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
  const naming: XmlNaming = xmlns ? { xmlNamespace: [null, xmlns] } : {};
  return elementWriter({ name: name ?? type.xmlName ?? type.name, type, naming })(value);
}

/** The members of a structure as elements, without an element around them. */
export function writeXmlMembers(members: readonly Member[], value: object): string {
  const fields = value as Fields;
  let out = '';
  for (const { name, write } of writersOf(members)) {
    const item = fields[name];
    if (item !== undefined && item !== null) out += write(item);
  }
  return out;
}

type Write = (value: unknown) => string;

interface MemberWriter {
  readonly name: string;
  readonly write: Write;
}

/** By the members of a structure, made at first use: a list of objects has thousands of them. */
const writers = new WeakMap<readonly Member[], readonly MemberWriter[]>();

function writersOf(members: readonly Member[]): readonly MemberWriter[] {
  const known = writers.get(members);
  if (known) return known;
  const made = members
    .filter(({ xmlAttribute }) => !xmlAttribute)
    .map((member) => ({ name: member.name, write: memberWriter(member) }));
  writers.set(members, made);
  return made;
}

interface Place {
  readonly name: string;
  readonly type: Type;
  readonly naming: XmlNaming;
}

function memberWriter(member: Member): Write {
  const { type } = member;
  const name = member.xmlName ?? member.name;
  if (isFlattened(type, member)) {
    if (type.kind === 'list') return itemsWriter({ name, type: type.item.type, naming: {} });
    if (type.kind === 'map') return entriesWriter(type, name);
  }
  return elementWriter({ name, type, naming: member });
}

function elementWriter({ name, type, naming }: Place): Write {
  const { xmlNamespace } = naming;
  const start = `<${name}${xmlNamespace ? namespaceAttribute(xmlNamespace) : ''}`;
  const end = `</${name}>`;
  switch (type.kind) {
    case 'structure':
    case 'union': {
      const { members } = type;
      const attributes = members.filter(({ xmlAttribute }) => xmlAttribute);
      return (value) => {
        assert(typeof value === 'object' && value !== null, `${name} is no object`);
        const more = attributes.length === 0 ? '' : writeAttributes(attributes, value as Fields);
        return `${start}${more}>${writeXmlMembers(members, value)}${end}`;
      };
    }
    case 'list': {
      const { item } = type;
      const place = { name: item.xmlName ?? 'member', type: item.type, naming: item };
      const write = itemsWriter(place);
      return (value) => `${start}>${write(value)}${end}`;
    }
    case 'map': {
      const write = entriesWriter(type, 'entry');
      return (value) => `${start}>${write(value)}${end}`;
    }
    case 'integer':
    case 'long':
    case 'timestamp':
      // Nothing in them is escaped.
      return (value) => `${start}>${writeText(type, value, 'date-time')}${end}`;
    default:
      return (value) => `${start}>${escapeXml(writeText(type, value, 'date-time'))}${end}`;
  }
}

function writeAttributes(members: readonly Member[], fields: Fields): string {
  let out = '';
  for (const member of members) {
    const value = fields[member.name];
    if (value === undefined || value === null) continue;
    out += ` ${member.xmlName ?? member.name}="${escapeXml(String(value))}"`;
  }
  return out;
}

interface Written {
  readonly place: Pick<Place, 'name' | 'type'>;
  readonly text: string;
}

/** Items that stay as they are, with the element that was written of them last. */
const lastingItems = new WeakMap<object, Written | 'not yet'>();

/**
 * Nothing of this item of lists will ever change: its element is kept for as long as it is. For
 * what is listed again and again; keeping costs more than writing once.
 */
export function lasting<Item extends object>(item: Item): Item {
  lastingItems.set(item, 'not yet');
  return item;
}

function itemsWriter(place: Place): Write {
  const write = elementWriter(place);
  const { name, type } = place;
  const writeItem = (item: unknown) => {
    const known = lastingItems.get(item as object);
    if (known === undefined) return write(item);
    if (known !== 'not yet' && known.place.type === type && known.place.name === name) {
      return known.text;
    }
    // Flat: a text of pieces that was kept would be walked through each time.
    const text = Buffer.from(write(item)).toString();
    lastingItems.set(item as object, { place, text });
    return text;
  };
  return (value) => {
    assert(Array.isArray(value), `${name} is no array`);
    let out = '';
    for (const item of value) out += writeItem(item);
    return out;
  };
}

function entriesWriter({ key: k, value: v }: MapType, name: string): Write {
  const writeKey = elementWriter({ name: k.xmlName ?? 'key', type: k.type, naming: k });
  const writeValue = elementWriter({ name: v.xmlName ?? 'value', type: v.type, naming: v });
  return (value) => {
    assert(typeof value === 'object' && value !== null, `${name} is no object`);
    let out = '';
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined || item === null) continue;
      out += `<${name}>${writeKey(key)}${writeValue(item)}</${name}>`;
    }
    return out;
  };
}

function namespaceAttribute(namespace: NonNullable<XmlNaming['xmlNamespace']>): string {
  const [prefix, uri] = typeof namespace === 'string' ? [null, namespace] : namespace;
  return ` xmlns${prefix ? `:${prefix}` : ''}="${escapeXml(uri)}"`;
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

// oxlint-disable-next-line no-control-regex -- these are what is escaped
const toEscape = /[&<>"\x00-\x08\x0b-\x1f\x85\u2028]/;
// oxlint-disable-next-line no-control-regex -- as above
const toEscapeButQuotes = /[&<>\x00-\x08\x0b-\x1f\x85\u2028]/;
const allToEscape = new RegExp(toEscape, 'g');

/** For text and attributes. Control characters become references, so that keys survive. */
export function escapeXml(text: string): string {
  if (!toEscape.test(text)) return text;
  // The one thing to escape of every entity tag, of which lists have a thousand.
  if (!toEscapeButQuotes.test(text)) return text.replaceAll('"', '&quot;');
  return text.replace(allToEscape, (char) => {
    return escapes[char] ?? `&#${char.charCodeAt(0)};`;
  });
}

// oxlint-disable-next-line no-control-regex -- these are what is replaced
const notInXml = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

/** For words about what was sent: what XML cannot hold is shown as U+FFFD, so that it is read. */
export function wordsInXml(text: string): string {
  return escapeXml(text.replace(notInXml, '\ufffd'));
}

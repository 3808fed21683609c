/**
 * A small XML reader: elements, attributes, text. Refuses document types, so no entity is ever
 * expanded but the five of XML and character references. Prefixes of element names are dropped.
 */
import { depthLimit, Malformed } from './malformed.ts';

export interface XmlElement {
  readonly name: string;
  /** Full names, prefix included. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Direct text, as written. */
  readonly text: string;
}

interface Building {
  readonly name: string;
  readonly fullName: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlElement[];
  text: string;
}

/** Most elements of one document: a completed upload of 10,000 parts has some 80,000. */
const elementLimit = 500_000;
const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};
const attributePattern = `\\s+[\\w.:-]+\\s*=\\s*(?:"[^"<]*"|'[^'<]*')`;
// One token: declaration, comment, CDATA section, or tag. Sticky, so it never searches ahead.
const token = new RegExp(
  [
    '<\\?[\\s\\S]*?\\?>',
    '<!--[\\s\\S]*?-->',
    '<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>',
    `<(/?)([\\w.:-]+)((?:${attributePattern})*)\\s*(/?)>`,
  ].join('|'),
  'y',
);
const attribute = /([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** The root element. Throws `Malformed`. */
export function parseXml(text: string): XmlElement {
  const root: Building = { name: '', fullName: '', attributes: {}, children: [], text: '' };
  const open: Building[] = [root];
  let count = 0;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const tag = text.indexOf('<', at);
    const current = open.at(-1) ?? root;
    current.text += unescape(text.slice(at, tag < 0 ? undefined : tag));
    if (tag < 0) break;
    token.lastIndex = tag;
    const match = token.exec(text);
    if (!match) throw new Malformed('The XML is not well-formed.');
    at = token.lastIndex;
    if (match[1] !== undefined) current.text += match[1];
    if (match[3] === undefined) continue;
    count += 1;
    if (count > elementLimit) throw new Malformed(`More than ${elementLimit} XML elements.`);
    step(open, match);
  }
  const [only, ...more] = root.children;
  if (open.length !== 1 || !only || more.length > 0 || root.text.trim() !== '') {
    throw new Malformed('The XML is not well-formed.');
  }
  return only;
}

/** Opens or closes an element. */
function step(open: Building[], match: RegExpExecArray): void {
  const [, , slash, fullName = '', attributes = '', empty] = match;
  if (!slash) {
    if (open.length > depthLimit) {
      throw new Malformed(`XML elements are nested deeper than ${depthLimit} levels.`);
    }
    const name = fullName.slice(fullName.indexOf(':') + 1);
    const made = { name, fullName, attributes: readAttributes(attributes), children: [], text: '' };
    open.at(-1)?.children.push(made);
    if (!empty) open.push(made);
    return;
  }
  if (open.length < 2 || open.pop()?.fullName !== fullName) {
    throw new Malformed('The XML is not well-formed.');
  }
}

function readAttributes(text: string): Record<string, string> {
  if (text === '') return {};
  const pairs = [...text.matchAll(attribute)].map(([, name = '', double, single]) => {
    return [name, unescape(double ?? single ?? '')] as const;
  });
  return Object.fromEntries(pairs);
}

function unescape(text: string): string {
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  if (!lines.includes('&')) return lines;
  return lines.replace(/&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|(\w{1,16}))?(;?)/g, decode);
}

function decode(...match: (string | undefined)[]): string {
  const [, decimal, hex, name, end] = match;
  if (end === ';' && name !== undefined && Object.hasOwn(entities, name)) {
    return entities[name] ?? '';
  }
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
  if (end !== ';' || !(code >= 0 && code <= 0x10ffff)) {
    throw new Malformed('The XML has an unknown entity.');
  }
  return String.fromCodePoint(code);
}

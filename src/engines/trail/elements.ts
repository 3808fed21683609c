/**
 * Inputs and outputs as `requestParameters` and `responseElements` of a record: names begin with a
 * small letter, secrets and payloads are hidden or left out. Does not bound the size.
 */
import { jsonText, quoted } from '../../kernel/json.ts';
import { hidden, isSecretName, type Mask, maskOf } from './masks.ts';
import type { Shape } from './shapes.ts';

export type Elements = Readonly<Record<string, unknown>>;

export interface ElementsOptions {
  readonly service: string;
  /** Gathers the texts that were hidden. */
  readonly onHidden?: (text: string) => void;
}

/** `null` for what has no members to write. */
export function elementsOf(
  value: object,
  shape: Shape | undefined,
  options: ElementsOptions,
): Elements | null {
  if (!shape) return null;
  const elements = structure(value, shape, options);
  for (const _ in elements) return elements;
  return null;
}

/** The JSON of `elementsOf`; plain members are written at once. */
export function elementsText(
  value: object,
  shape: Shape | undefined,
  options: ElementsOptions,
): string {
  if (!shape) return 'null';
  const { byName, distinct } = plansOf(shape, options.service);
  // Of two members of one name the later one counts.
  if (!distinct) return JSON.stringify(elementsOf(value, shape, options));
  let text = '';
  const items = value as Elements;
  for (const name in items) {
    const [plan, item] = [byName.get(name), items[name]];
    if (!plan || item === undefined || item === null || plan.mask === 'drop') continue;
    const isPlain = plan.mask === 'keep' && typeof item === 'string';
    const member = isPlain ? quoted(kept(item)) : JSON.stringify(written(item, plan, options));
    text += `${text === '' ? '{' : ','}${plan.label}${member}`;
  }
  return text === '' ? 'null' : `${text}}`;
}

/** JSON that no model describes: of our own routes. Members with secret names are hidden. */
export function plainElementsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainElementsOf);
  if (typeof value === 'string') return kept(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([name, item]) => [name, isSecretName(name) ? hidden : plainElementsOf(item)] as const,
  );
  return Object.fromEntries(entries);
}

interface Plan {
  readonly name: string;
  /** As JSON, with its colon. */
  readonly label: string;
  readonly mask: Mask;
  readonly type: Shape;
}

interface Plans {
  /** By the member's name in the model. */
  readonly byName: ReadonlyMap<string, Plan>;
  /** No two are written under one name. */
  readonly distinct: boolean;
}

/** By structure: shapes belong to one service and live as long as the process. */
const plans = new WeakMap<Shape, Plans>();

function plansOf(shape: Shape, service: string): Plans {
  const known = plans.get(shape);
  if (known) return known;
  const byName = new Map<string, Plan>();
  for (const member of shape.members ?? []) {
    const name = outName(member.name, service);
    const { type } = member;
    const label = `${quoted(name)}:`;
    byName.set(member.name, { name, label, mask: maskOf(service, member), type });
  }
  const names = new Set([...byName.values()].map(({ name }) => name));
  const made = { byName, distinct: names.size === byName.size };
  plans.set(shape, made);
  return made;
}

function outName(name: string, service: string): string {
  if (service === 's3' && name === 'Bucket') return 'bucketName';
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

function structure(value: object, shape: Shape, options: ElementsOptions): Elements {
  const { byName } = plansOf(shape, options.service);
  const elements: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const plan = byName.get(name);
    // What no model knows is nothing of ours to tell.
    if (!plan || item === undefined || item === null) continue;
    const { mask } = plan;
    if (mask !== 'keep' && options.onHidden) gather(item, options.onHidden);
    if (mask !== 'drop') elements[plan.name] = written(item, plan, options);
  }
  return elements;
}

function written(item: unknown, { mask, type }: Plan, options: ElementsOptions): unknown {
  if (mask === 'hide') return hidden;
  if (mask === 'hideValues') return withoutValues(item);
  // The table may keep a text that its model calls sensitive: which key was used.
  return typeof item === 'string' ? kept(item) : converted(item, type, options);
}

function withoutValues(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return hidden;
  return Object.fromEntries(Object.keys(item).map((key) => [key, hidden]));
}

function converted(value: unknown, shape: Shape, options: ElementsOptions): unknown {
  if (shape.sensitive) {
    if (options.onHidden) gather(value, options.onHidden);
    return hidden;
  }
  if (typeof value === 'string') return kept(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (shape.kind === 'blob') return hidden;
  if (Array.isArray(value)) {
    const type = shape.item?.type;
    return type ? value.map((item) => converted(item, type, options)) : [];
  }
  if (shape.kind === 'structure' || shape.kind === 'union') return structure(value, shape, options);
  const type = shape.value?.type;
  if (!type) return null;
  const entries = Object.entries(value).map(
    ([key, item]) => [key, converted(item, type, options)] as const,
  );
  return Object.fromEntries(entries);
}

/** URLs may carry a password: `https://user:password@host`. */
function kept(text: string): string {
  if (!text.includes('://')) return text;
  return text.replace(/:\/\/[^/?#\s@]*@/g, `://${hidden}@`);
}

function gather(item: unknown, tell: (text: string) => void): void {
  if (typeof item === 'string') return tell(item);
  if (typeof item !== 'object' || item === null || ArrayBuffer.isView(item)) return;
  for (const inner of Object.values(item)) gather(inner, tell);
}

/** Texts shorter than this are part of many words. */
const shortestChars = 3;
/** A message may show the beginning of a value alone. */
const shownChars = 8;

/** The message up to where it repeats what was hidden. */
export function withoutSecrets(message: string, secrets: readonly string[]): string {
  let end = message.length;
  for (const secret of secrets) {
    if (secret.length < shortestChars) continue;
    for (const form of [secret, jsonText(secret).slice(1)]) {
      const at = message.indexOf(form.slice(0, shownChars));
      if (at >= 0) end = Math.min(end, at);
    }
  }
  return kept(end === message.length ? message : message.slice(0, end) + hidden);
}

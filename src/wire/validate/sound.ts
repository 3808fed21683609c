/**
 * Whether an input keeps the constraints of its model, as functions made once for each type: nearly
 * all inputs do, and to say so takes no places and no words. What is wrong with one that does not
 * is found by `constraints.ts`, which must agree.
 */
import type { ListType, MapType, StringType, StructureType, Type } from '../model/types.ts';
import { matches } from './patterns.ts';

type Holds = (value: unknown) => boolean;

/** What is checked: all constraints, or only that required members are there. */
interface Pass {
  readonly requiredOnly: boolean;
  readonly known: WeakMap<Type, Holds>;
}

const all: Pass = { requiredOnly: false, known: new WeakMap() };
const required: Pass = { requiredOnly: true, known: new WeakMap() };

export function isSound(type: StructureType, input: object, requiredOnly: boolean): boolean {
  return holdsOf(type, requiredOnly ? required : all)(input);
}

const always: Holds = () => true;

function holdsOf(type: Type, pass: Pass): Holds {
  const known = pass.known.get(type);
  if (known) return known;
  // Types may be recursive: what is made of them looks at their parts when it first runs.
  const made = make(type, pass);
  pass.known.set(type, made);
  return made;
}

function make(type: Type, pass: Pass): Holds {
  switch (type.kind) {
    case 'structure':
    case 'union':
      return structureHolds(type, pass);
    case 'list':
      return listHolds(type, pass);
    case 'map':
      return mapHolds(type, pass);
    case 'string':
      return pass.requiredOnly ? always : textHolds(type);
    case 'blob': {
      const fits = rangeHolds(type);
      if (pass.requiredOnly || !fits) return always;
      return (value) => !(value instanceof Uint8Array) || fits(value.length);
    }
    case 'integer':
    case 'long':
    case 'double':
    case 'number': {
      const fits = rangeHolds(type);
      return pass.requiredOnly || !fits ? always : (value) => fits(Number(value));
    }
    default:
      return always;
  }
}

interface Part {
  readonly name: string;
  readonly isRequired: boolean;
  readonly holds: Holds;
}

function structureHolds({ members }: StructureType, pass: Pass): Holds {
  let parts: readonly Part[] | undefined;
  return (value) => {
    parts ??= members.map(({ name, required: isRequired = false, type }) => ({
      ...{ name, isRequired },
      holds: holdsOf(type, pass),
    }));
    const fields = value as Readonly<Record<string, unknown>>;
    for (const { name, isRequired, holds } of parts) {
      const inner = fields[name];
      if (inner === undefined ? isRequired : !holds(inner)) return false;
    }
    return true;
  };
}

function listHolds(type: ListType, pass: Pass): Holds {
  const fits = pass.requiredOnly ? undefined : rangeHolds(type);
  let each: Holds | undefined;
  return (value) => {
    each ??= holdsOf(type.item.type, pass);
    const items = value as readonly unknown[];
    if (fits && !fits(items.length)) return false;
    for (const item of items) if (!each(item)) return false;
    return true;
  };
}

function mapHolds(type: MapType, pass: Pass): Holds {
  const fits = pass.requiredOnly ? undefined : rangeHolds(type);
  return (value) => {
    const keyHolds = holdsOf(type.key.type, pass);
    const valueHolds = holdsOf(type.value.type, pass);
    const entries = Object.entries(value as object);
    if (fits && !fits(entries.length)) return false;
    return entries.every(([key, item]) => keyHolds(key) && valueHolds(item));
  };
}

function textHolds(type: StringType): Holds {
  const fits = lengthHolds(type);
  const values = type.enum && new Set(type.enum);
  const patterned = type.pattern !== undefined;
  if (!fits && !values && !patterned) return always;
  return (value) => {
    const text = String(value);
    if (fits && !fits(text)) return false;
    if (values && !values.has(text)) return false;
    return !patterned || matches(type, text);
  };
}

/** Lengths count code points, of which a text has at most its units and at least half of them. */
function lengthHolds(type: StringType): ((text: string) => boolean) | undefined {
  const { min = 0, max = Number.POSITIVE_INFINITY } = type;
  const fits = rangeHolds(type);
  if (!fits) return undefined;
  return (text) => (text.length >= 2 * min && text.length <= max) || fits([...text].length);
}

interface Sizes {
  readonly min?: number;
  readonly max?: number;
}

/** As the messages compare: what is no number breaks neither bound. */
function rangeHolds({ min, max }: Sizes): ((size: number) => boolean) | undefined {
  if (min === undefined && max === undefined) return undefined;
  return (size) => !(max !== undefined && size > max) && !(min !== undefined && size < min);
}

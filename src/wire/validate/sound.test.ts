/** The quick answer agrees with the long one, over every input of the models and random values. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { factsById } from '../model/facts.ts';
import { loadModel } from '../model/load.ts';
import type { StructureType, Type } from '../model/types.ts';
import { violationsOf } from './constraints.ts';
import { isSound } from './sound.ts';

const inputs = [...factsById.keys()].flatMap((id) =>
  [...loadModel(id).operations.values()].flatMap(({ input }) => input ?? []),
);

test.each([true, false])('both say the same, required only: %s', (requiredOnly) => {
  const seen = { sound: 0, unsound: 0 };
  const made = fc
    .constantFrom(...inputs)
    .chain((type) => fc.tuple(fc.constant(type), valueOf(type, 4)));
  fc.assert(
    fc.property(made, ([type, input]) => {
      const sound = isSound(type, input as object, requiredOnly);
      expect(violationsOf(type, input as object, { requiredOnly }) === undefined).toBe(sound);
      seen[sound ? 'sound' : 'unsound'] += 1;
    }),
    { numRuns: 1_500 },
  );
  expect(Math.min(seen.sound, seen.unsound)).toBeGreaterThan(50);
});

/** Of the right type; now and then beyond its constraints, or without what is required. */
function valueOf(type: Type, depth: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'structure':
    case 'union':
      return structureOf(type, depth);
    case 'list':
      return depth > 0
        ? fc.array(valueOf(type.item.type, depth - 1), sizes(type))
        : fc.constant([]);
    case 'map': {
      const key = valueOf(type.key.type, 0) as fc.Arbitrary<string>;
      const value = depth > 0 ? valueOf(type.value.type, depth - 1) : fc.constant('');
      return fc.dictionary(key, value, { maxKeys: 3 });
    }
    case 'string':
      return textOf(type);
    case 'blob':
      return fc.uint8Array({ maxLength: 20 });
    case 'boolean':
      return fc.boolean();
    case 'timestamp':
      return fc.constant(new Date(0));
    case 'document':
      return fc.constant({});
    default:
      return fc.oneof(fc.constant(type.min ?? 1), fc.integer(), fc.constant(Number.NaN));
  }
}

function structureOf({ members }: StructureType, depth: number): fc.Arbitrary<object> {
  const few = members.slice(0, 12);
  const values = few.map(({ name, type, required }) => {
    const value = depth > 0 ? valueOf(type, depth - 1) : fc.constant(undefined);
    return [name, fc.option(value, { freq: required ? 12 : 1, nil: undefined })] as const;
  });
  return fc.record(Object.fromEntries(values));
}

function sizes({ min = 0 }: { readonly min?: number }) {
  return { minLength: min <= 3 ? min : 0, maxLength: Math.max(3, min <= 3 ? min : 0) };
}

function textOf(type: Extract<Type, { kind: 'string' }>): fc.Arbitrary<string> {
  if (type.enum) return fc.constantFrom(...type.enum, 'none of them');
  const usual = [
    'a',
    'a-1',
    ['arn', 'aws', 'iam', '', '111122223333', 'role/a'].join(':'),
    's3://a/b',
    '\u{1f600}',
  ];
  const long = 'x'.repeat(Math.min(type.max ?? 10, 3_000));
  return fc.constantFrom(...usual, long, `${long}\u{1f600}`, '');
}

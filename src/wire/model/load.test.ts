/** The generated models: that they are whole, and that what was generated can be used. */
import { expect, test } from 'vitest';
import { factsById, factsByVersion } from './facts.ts';
import { linkModel, loadModel } from './load.ts';
import type { StringType, Type } from './types.ts';

function typesOf(service: string): Set<Type> {
  const seen = new Set<Type>();
  const visit = (type: Type): void => {
    if (seen.has(type)) return;
    seen.add(type);
    if (type.kind === 'list') visit(type.item.type);
    if (type.kind === 'map') {
      visit(type.key.type);
      visit(type.value.type);
    }
    if (type.kind === 'structure' || type.kind === 'union') {
      for (const member of type.members) visit(member.type);
    }
  };
  const model = loadModel(service);
  for (const { input, output } of model.operations.values()) {
    if (input) visit(input);
    if (output) visit(output);
  }
  for (const error of model.errors.values()) visit(error);
  return seen;
}

test.each([...factsById.keys()])('%s: every type is known, every pattern compiles', (service) => {
  const types = [...typesOf(service)];
  expect(types.filter(({ kind }) => kind === undefined)).toEqual([]);
  const patterns = types.filter((type): type is StringType => 'pattern' in type);
  for (const { pattern, source } of patterns) {
    expect(() => new RegExp(`^(?:${source ?? pattern})$`, 'u')).not.toThrow();
  }
});

test('operations know their errors, and models are read once', () => {
  const model = loadModel('sagemaker');
  expect(model.operations.get('DescribeModel')?.errors).toEqual([]);
  expect(model.operations.get('DeleteEndpoint')?.name).toBe('DeleteEndpoint');
  expect(loadModel('kms').operations.get('Encrypt')?.errors).toContain('NotFoundException');
  expect(loadModel('sagemaker')).toBe(model);
});

test('constraints reach members behind lists and maps', () => {
  const input = loadModel('sagemaker').operations.get('CreateModel')?.input;
  const container = input?.members.find(({ name }) => name === 'PrimaryContainer')?.type;
  const members = container?.kind === 'structure' ? container.members : [];
  const environment = members.find(({ name }) => name === 'Environment')?.type;
  expect(environment).toMatchObject({ kind: 'map', max: 100, key: { type: { max: 1024 } } });
});

test('versions of query services are unique', () => {
  expect([...factsByVersion.values()].map(({ id }) => id).sort()).toEqual([
    'cloudwatch',
    'iam',
    'sns',
    'sqs',
    'sts',
  ]);
});

test('an index without a type is a bug', () => {
  const facts = { ...[...factsById.values()][0] } as Parameters<typeof linkModel>[0];
  const file = { operations: {}, errors: { E: 3 }, types: [] };
  expect(() => linkModel(facts, file)).toThrow('type 3 is missing');
});

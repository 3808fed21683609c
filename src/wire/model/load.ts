/** Reads a service's generated model when it is first asked for, and keeps it. */
import { readFileSync } from 'node:fs';
import { assert, defined } from '../../kernel/assert.ts';
import { factsById } from './facts.ts';
import type { Member, OperationModel, ServiceFacts, ServiceModel, Type } from './types.ts';

type Json = Readonly<Record<string, unknown>>;

/** The generated file: types refer to one another by index. */
export interface ModelFile {
  readonly operations: Readonly<Record<string, OperationFile>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly types: readonly Json[];
}

interface OperationFile {
  readonly input: number | null;
  readonly output: number | null;
  readonly http?: readonly [string, string, number];
  readonly errors: readonly string[];
}

const loaded = new Map<string, ServiceModel>();

/** `id` is one of `model/facts.ts`; anything else is a bug. */
export function loadModel(id: string): ServiceModel {
  const known = loaded.get(id);
  if (known) return known;
  const facts = defined(factsById.get(id), `model ${id}`);
  const text = readFileSync(new URL(`./${id}.json`, import.meta.url), 'utf8');
  const model = linkModel(facts, JSON.parse(text));
  loaded.set(id, model);
  return model;
}

/** Replaces indexes by the types they stand for. Types may be recursive. */
export function linkModel(facts: ServiceFacts, file: ModelFile): ServiceModel {
  const types = file.types.map((type) => ({ ...type }) as Record<string, unknown>);
  for (const type of types) link(type, types);
  const structure = (index: number | null) => {
    if (index === null) return undefined;
    const type = at(types, index);
    assert(type.kind === 'structure' || type.kind === 'union', `type ${index} is no structure`);
    return type;
  };
  const operations = new Map<string, OperationModel>();
  const errors = Object.entries(file.errors).map(
    ([name, index]) => [name, defined(structure(index), name)] as const,
  );
  const model: ServiceModel = { facts, operations, errors: new Map(errors) };
  for (const [name, operation] of Object.entries(file.operations)) {
    operations.set(name, {
      name,
      service: model,
      input: structure(operation.input),
      output: structure(operation.output),
      http: operation.http,
      errors: operation.errors,
    });
  }
  return model;
}

function link(type: Record<string, unknown>, types: readonly Json[]): void {
  for (const place of ['item', 'key', 'value']) {
    const slot = type[place] as { readonly type: number } | undefined;
    if (slot) type[place] = { ...slot, type: at(types, slot.type) };
  }
  const members = type.members as readonly (readonly [string, number, Json?])[] | undefined;
  if (!members) return;
  type.members = members.map(
    ([name, index, traits]) => ({ name, type: at(types, index), ...traits }) as Member,
  );
}

function at(types: readonly Json[], index: number): Type {
  return defined(types[index], `type ${index}`) as unknown as Type;
}

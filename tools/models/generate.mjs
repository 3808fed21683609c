/**
 * Writes `src/wire/model/<service>.json`: shapes and bindings from the schemas of the installed
 * `@aws-sdk/client-*` packages, constraints and errors of operations from botocore's models. See
 * README.md for how to run it. Not part of the build: its output is checked in.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { translateTraits } from '@smithy/core/schema';
import { toJavaScript } from './patterns.mjs';

const clients = {
  sagemaker: 'sagemaker',
  'sagemaker-runtime': 'sagemaker-runtime',
  s3: 's3',
  sts: 'sts',
  iam: 'iam',
  kms: 'kms',
  cloudwatch: 'cloudwatch',
  logs: 'cloudwatch-logs',
  events: 'eventbridge',
  sns: 'sns',
  sqs: 'sqs',
  secretsmanager: 'secrets-manager',
  cloudtrail: 'cloudtrail',
};
const require = createRequire(import.meta.url);
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Smithy's sentinels for shapes without traits. */
const sentinels = {
  0: { kind: 'string' },
  1: { kind: 'number' },
  2: { kind: 'boolean' },
  4: { kind: 'timestamp' },
  5: { kind: 'timestamp', format: 'date-time' },
  6: { kind: 'timestamp', format: 'http-date' },
  7: { kind: 'timestamp', format: 'epoch-seconds' },
  15: { kind: 'document' },
  21: { kind: 'blob' },
  42: { kind: 'blob', streaming: true },
};
const listModifier = 64;
const mapModifier = 128;

/** Traits of a member that the wire needs, under the names of `model/types.ts`. */
const bindings = {
  httpLabel: 'label',
  httpHeader: 'header',
  httpPrefixHeaders: 'prefixHeaders',
  httpQuery: 'query',
  httpQueryParams: 'queryParams',
  httpPayload: 'payload',
  httpResponseCode: 'status',
  xmlName: 'xmlName',
  xmlAttribute: 'xmlAttribute',
  xmlFlattened: 'xmlFlattened',
  xmlNamespace: 'xmlNamespace',
  eventPayload: 'eventPayload',
  eventHeader: 'eventHeader',
  ec2QueryName: 'ec2Name',
};

class Generator {
  constructor(service, boto, enums) {
    this.service = service;
    this.boto = boto;
    this.enums = enums;
    this.types = [];
    this.interned = new Map();
    this.structures = new Map();
    this.problems = [];
  }

  model(schemas) {
    const operations = {};
    const errors = {};
    for (const schema of schemas) {
      if (schema[0] === 9) operations[schema[2]] = this.operation(schema);
      else errors[schema[2]] = this.reference(schema, schema[2]);
    }
    for (const [name, operation] of Object.entries(operations)) {
      const known = this.boto.operations[name]?.errors ?? [];
      operation.errors = known.map((e) => e.shape).filter((shape) => shape in errors);
    }
    return { service: this.service, operations, errors, types: this.types };
  }

  operation([, , name, traits, input, output]) {
    const boto = this.boto.operations[name];
    const { http } = translateTraits(traits);
    const pick = (ref, side) => {
      const target = resolve(ref);
      return target === 'unit' ? null : this.reference(target, boto?.[side]?.shape);
    };
    const made = { input: pick(input, 'input'), output: pick(output, 'output') };
    return http ? { ...made, http } : made;
  }

  /** The index of the type of a schema; `name` is botocore's name of the same shape, if known. */
  reference(ref, name) {
    let schema = resolve(ref);
    let traits = {};
    if (Array.isArray(schema) && schema.length === 2) {
      traits = translateTraits(schema[1]);
      schema = resolve(schema[0]);
    }
    if (!Array.isArray(schema)) return this.simple(schema, name, traits);
    const [kind, , ownName] = schema;
    if (kind === 0) {
      const target = resolve(schema[4]);
      return this.simple(target, name, { ...translateTraits(schema[3]), ...traits });
    }
    const known = name ?? ownName;
    if (kind === 1) return this.list(schema, known);
    if (kind === 2) return this.map(schema, known);
    return this.structure(schema, known);
  }

  simple(sentinel, name, traits) {
    const rule = this.boto.shapes[name];
    if (sentinel & listModifier) {
      const item = { type: this.reference(sentinel & ~listModifier, rule?.member?.shape) };
      return this.intern({ kind: 'list', ...sizes(rule), item });
    }
    if (sentinel & mapModifier) {
      const value = { type: this.reference(sentinel & ~mapModifier, rule?.value?.shape) };
      const key = { type: this.reference(0, rule?.key?.shape) };
      return this.intern({ kind: 'map', ...sizes(rule), key, value });
    }
    const type = { ...sentinels[sentinel] };
    if (!type.kind) throw new Error(`${this.service}: unknown schema ${sentinel}`);
    if (traits.sensitive || rule?.sensitive) type.sensitive = true;
    if (traits.streaming) type.streaming = true;
    if (type.kind === 'number') type.kind = numberKind(rule);
    return this.intern({ ...type, ...this.constraints(type.kind, name) });
  }

  constraints(kind, name) {
    const rule = this.boto.shapes[name];
    if (!rule) return {};
    if (kind === 'integer' || kind === 'long' || kind === 'double' || kind === 'blob') {
      return sizes(rule);
    }
    if (kind !== 'string' || rule.type !== 'string') return {};
    const made = sizes(rule);
    // The clients may know newer values than botocore, under the same name.
    if (rule.enum)
      made.enum = [...new Set([...rule.enum, ...Object.values(this.enums[name] ?? {})])];
    if (rule.pattern) {
      made.pattern = rule.pattern;
      const source = toJavaScript(rule.pattern);
      if (source === undefined) {
        this.problems.push(rule.pattern);
        delete made.pattern;
      } else if (source !== rule.pattern) made.source = source;
    }
    return made;
  }

  list([, , , traits, value], name) {
    const rule = this.boto.shapes[name];
    const item = this.slot(value, rule?.member?.shape);
    const { xmlFlattened, sensitive } = translateTraits(traits);
    const made = { kind: 'list', ...sizes(rule), item };
    if (xmlFlattened) made.xmlFlattened = true;
    if (sensitive) made.sensitive = true;
    return this.intern(made);
  }

  map([, , , traits, key, value], name) {
    const rule = this.boto.shapes[name];
    const made = {
      kind: 'map',
      ...sizes(rule),
      key: this.slot(key, rule?.key?.shape),
      value: this.slot(value, rule?.value?.shape),
    };
    if (translateTraits(traits).xmlFlattened) made.xmlFlattened = true;
    return this.intern(made);
  }

  /** An item of a list, a key or a value of a map. */
  slot(ref, name) {
    const schema = resolve(ref);
    const made = { type: this.reference(schema, name) };
    if (!Array.isArray(schema) || schema.length !== 2) return made;
    const { xmlName, xmlNamespace } = translateTraits(schema[1]);
    if (xmlName) made.xmlName = xmlName;
    if (xmlNamespace) made.xmlNamespace = xmlNamespace;
    return made;
  }

  structure(schema, name) {
    const known = this.structures.get(schema);
    if (known !== undefined) return known;
    const index = this.types.length;
    this.structures.set(schema, index);
    const [kind, , ownName, traits, names, refs, requiredCount = 0] = schema;
    const made = { kind: kind === 4 ? 'union' : 'structure', name: ownName };
    this.types.push(made);
    Object.assign(made, structureTraits(translateTraits(traits), kind === -3));
    const rules = this.boto.shapes[name]?.members ?? {};
    made.members = names.map((member, i) => {
      const type = this.reference(refs[i], rules[member]?.shape);
      const extra = memberTraits(refs[i]);
      if (i < requiredCount && kind !== 4) extra.required = true;
      return Object.keys(extra).length > 0 ? [member, type, extra] : [member, type];
    });
    return index;
  }

  intern(type) {
    const text = JSON.stringify(type);
    const known = this.interned.get(text);
    if (known !== undefined) return known;
    this.interned.set(text, this.types.length);
    return this.types.push(type) - 1;
  }
}

function memberTraits(ref) {
  const schema = resolve(ref);
  const traits = Array.isArray(schema) && schema.length === 2 ? translateTraits(schema[1]) : {};
  const made = {};
  for (const [theirs, ours] of Object.entries(bindings)) {
    const value = traits[theirs];
    if (value !== undefined) made[ours] = value === 1 ? true : value;
  }
  return made;
}

function structureTraits(traits, isError) {
  const made = {};
  if (traits.xmlName) made.xmlName = traits.xmlName;
  if (traits.streaming) made.streaming = true;
  if (!isError) return made;
  made.error = { fault: traits.error ?? 'client' };
  if (traits.httpError) made.error.status = traits.httpError;
  if (traits.awsQueryError) {
    const [code, status] = traits.awsQueryError;
    made.error.query = { code, status };
  }
  return made;
}

function resolve(ref) {
  return typeof ref === 'function' ? ref() : ref;
}

function numberKind(rule) {
  if (rule?.type === 'integer' || rule?.type === 'long') return rule.type;
  if (rule?.type === 'float' || rule?.type === 'double') return 'double';
  return 'number';
}

function sizes(rule) {
  const made = {};
  if (rule?.min !== undefined) made.min = rule.min;
  if (rule?.max !== undefined) made.max = rule.max;
  return made;
}

const [botocoreFile] = process.argv.slice(2);
if (!botocoreFile) throw new Error('usage: node tools/models/generate.mjs BOTOCORE.json');
const boto = JSON.parse(readFileSync(botocoreFile, 'utf8'));
for (const [service, client] of Object.entries(clients)) {
  const exported = require(`@aws-sdk/client-${client}`);
  const generator = new Generator(service, boto[service], exported);
  const schemas = Object.values(exported).filter(
    (value) => Array.isArray(value) && (value[0] === 9 || value[0] === -3),
  );
  schemas.sort((a, b) => (a[2] < b[2] ? -1 : 1));
  const text = JSON.stringify(generator.model(schemas));
  writeFileSync(join(root, `src/wire/model/${service}.json`), `${text}\n`);
  const { operations } = JSON.parse(text);
  console.log(`${service}: ${Object.keys(operations).length} operations, ${text.length} bytes`);
  for (const pattern of new Set(generator.problems)) console.log(`  left out: ${pattern}`);
}

/**
 * Requests made up at random from the service models: right in part, wrong in part, and then
 * damaged byte by byte. One seed makes one request, so that a failure can be made again.
 */
import { toUSVString } from 'node:util';
import type { Random } from '../kernel/random.ts';
import { factsById } from './model/facts.ts';
import { loadModel } from './model/load.ts';
import type { OperationModel, StructureType, Type } from './model/types.ts';
import { encodeCbor } from './protocols/cbor-codec.ts';
import { formTree } from './protocols/form.ts';
import type { WireRequest } from './protocols/protocol.ts';

export interface Made {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** How a request is written; what is bound to HTTP as `rest-json` has to be signed: see `bound`. */
export type Shape = 'json' | 'query' | 'rest-xml' | 'cbor' | 'noise';
export const shapes: readonly Shape[] = ['json', 'query', 'rest-xml', 'cbor', 'noise'];

const deepest = 5;
const odd: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e308, 2 ** 53, '', 'x', '__proto__', '\u0000', '\ud800', '😀'],
  ...['NaN', 'Infinity', '1e999', '2026-13-45T99:99:99Z', 'AAA=', '%', '{}', [], [null], {}],
  ...[{ __type: 'x' }, [[[[]]]]],
];

export class Maker {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  chance(share01: number): boolean {
    return this.#random.next01() < share01;
  }

  below(count: number): number {
    return Math.floor(this.#random.next01() * count);
  }

  one<T>(of: readonly T[]): T {
    // Lists here are never empty.
    return of[this.below(of.length)] as T;
  }

  request(shape: Shape): Made {
    const made = this.#whole(shape);
    return this.chance(0.5) ? made : { ...made, body: this.damaged(made.body) };
  }

  /** Of a known operation, as the decoder of a protocol gets it. */
  bound(operation: OperationModel): WireRequest {
    const { members = [] } = operation.input ?? {};
    const { headers, url, body } = this.#rest(operation, {});
    const input = operation.input ? this.value(operation.input) : {};
    const whole = this.chance(0.5) ? Buffer.from(JSON.stringify(input)) : encodeCbor(input);
    const labels = members.filter((m) => m.label).map((m) => [m.name, this.#plain(m.type)]);
    const pairs = members.map((m) => [m.name, this.#plain(m.type)] as const);
    return {
      query: [...new URLSearchParams(url.slice(url.indexOf('?') + 1))],
      headers,
      labels: Object.fromEntries(labels),
      body: this.chance(0.3) ? body : this.chance(0.5) ? whole : this.damaged(whole),
      form: formTree(pairs.map(([name, value]) => [this.chance(0.5) ? name : `${name}.1`, value])),
    };
  }

  /** Bits flipped, bytes left out, put in or repeated. */
  damaged(bytes: Buffer): Buffer {
    let damaged = Buffer.from(bytes);
    for (let times = 1 + this.below(4); times > 0; times -= 1) {
      const at = this.below(damaged.length + 1);
      const until = Math.min(damaged.length, at + this.below(9));
      const put = this.one([
        Buffer.of(this.below(256)),
        Buffer.from(this.#random.bytes(this.below(9))),
        Buffer.from(
          this.one(['"', '{', '[', '<', '&', '=', '\\u', '<![CDATA[', ']]>', 'null', '.']),
        ),
        damaged.subarray(at, until),
      ]);
      const rest = damaged.subarray(this.chance(0.5) ? at : until);
      damaged = Buffer.concat([damaged.subarray(0, at), put, rest]);
    }
    return this.chance(0.2) ? damaged.subarray(0, this.below(damaged.length + 1)) : damaged;
  }

  value(type: Type, depth = 0): unknown {
    if (this.chance(0.06) || depth > deepest) return this.one(odd);
    switch (type.kind) {
      case 'structure':
      case 'union':
        return this.#members(type, depth);
      case 'list':
        return this.#some(() => this.value(type.item.type, depth + 1));
      case 'map':
        return Object.fromEntries(
          this.#some(() => [this.text(), this.value(type.value.type, depth + 1)]),
        );
      case 'string':
        return type.enum && this.chance(0.7) ? this.one(type.enum) : this.text();
      case 'boolean':
        return this.chance(0.5);
      case 'blob':
        return Buffer.from(this.#random.bytes(this.below(20))).toString('base64');
      case 'timestamp':
        return this.one<unknown>([1.7e9, '2026-01-02T03:04:05Z', 'Fri, 02 Jan 2026 03:04:05 GMT']);
      default:
        return this.one<unknown>([0, 1, 42, -7, 0.5, 1e21]);
    }
  }

  text(): string {
    return this.one([
      'a',
      'name-1',
      'arn',
      's3://b/k',
      'ünï',
      '',
      '😀',
      'a/b',
      '..',
      'x'.repeat(300),
    ]);
  }

  #some<T>(make: () => T): T[] {
    return Array.from({ length: this.below(4) }, make);
  }

  #members(type: StructureType, depth: number): Record<string, unknown> {
    const chosen = type.members.filter(({ required }) => this.chance(required ? 0.9 : 0.25));
    const pairs = chosen.map((m) => [m.name, this.value(m.type, depth + 1)] as const);
    return Object.fromEntries(pairs);
  }

  #whole(shape: Shape): Made {
    if (shape === 'noise') return this.#noise();
    const serves = [...factsById.values()].filter((facts) => {
      if (shape === 'rest-xml') return facts.rest === shape;
      return shape === 'query' ? facts.query : facts.target && !facts.rest;
    });
    const model = loadModel(this.one(serves).id);
    const operation = this.one([...model.operations.values()]);
    const input = operation.input ? this.value({ ...operation.input }) : {};
    const post = (headers: Record<string, string>, body: Buffer, url = '/'): Made => ({
      ...{ method: 'POST', url, headers: { host: 'localhost', ...headers }, body },
    });
    const { target, version } = model.facts;
    if (shape === 'json') {
      const type = this.one(['application/x-amz-json-1.0', 'application/x-amz-json-1.1']);
      const headers = { 'x-amz-target': `${target}.${operation.name}`, 'content-type': type };
      return post(headers, Buffer.from(JSON.stringify(input)));
    }
    if (shape === 'cbor') {
      const url = `/service/${target}/operation/${operation.name}`;
      return post({ 'smithy-protocol': 'rpc-v2-cbor' }, Buffer.from(encodeCbor(input)), url);
    }
    if (shape === 'query') {
      const pairs: [string, string][] = [
        ['Action', operation.name],
        ['Version', version],
        ...formOf(input, ''),
      ];
      const type = 'application/x-www-form-urlencoded';
      return post({ 'content-type': type }, Buffer.from(`${new URLSearchParams(pairs)}`));
    }
    return this.#rest(operation, input);
  }

  #rest(operation: OperationModel, input: unknown): Made {
    const { members = [] } = operation.input ?? {};
    const [method, template] = operation.http ?? ['GET', '/', 200];
    const path = template.replace(/\{[^}]*\}/g, () =>
      this.chance(0.1)
        ? this.one(['%', '%ff', '..', '', '%00'])
        : encodeURIComponent(toUSVString(this.text())),
    );
    const query = members.filter((m) => m.query && this.chance(0.5));
    const pairs = query.map(
      (m) => `${m.query}=${encodeURIComponent(toUSVString(this.#plain(m.type)))}`,
    );
    const url =
      pairs.length === 0 ? path : `${path}${path.includes('?') ? '&' : '?'}${pairs.join('&')}`;
    const headers: Record<string, string> = { host: 'localhost' };
    for (const m of members) {
      // Bytes of a header, as they come: one character each.
      const value = Buffer.from(this.#plain(m.type)).toString('latin1');
      if (m.header && this.chance(0.5)) headers[m.header.toLowerCase()] = value;
      if (m.prefixHeaders && this.chance(0.5)) headers[`${m.prefixHeaders.toLowerCase()}a`] = value;
    }
    const payload = members.find((m) => m.payload);
    const name = payload?.name ?? 'Body';
    const body = `<${name}>${xmlOf(payload ? this.value(payload.type) : input)}</${name}>`;
    return { method, url, headers, body: Buffer.from(body) };
  }

  #plain(type: Type): string {
    const value = this.value(type, deepest);
    return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }

  #noise(): Made {
    const line = () => Buffer.from(this.#random.bytes(this.below(40))).toString('latin1');
    const names = [
      'x-amz-target',
      'content-type',
      'smithy-protocol',
      'authorization',
      'x-amz-date',
    ];
    const more = ['content-encoding', 'x-amz-content-sha256', 'x-amz-trailer', 'content-length'];
    const chosen = [...names, ...more].filter(() => this.chance(0.3));
    const query = this.chance(0.5)
      ? `?${this.one(['X-Amz-Signature', 'Action', 'acl', '%'])}=${line()}`
      : '';
    return {
      method: this.one(['GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']),
      url: `/${line()}${query}`,
      headers: { host: 'localhost', ...Object.fromEntries(chosen.map((name) => [name, line()])) },
      body: Buffer.from(this.#random.bytes(this.below(200))),
    };
  }
}

function formOf(value: unknown, prefix: string): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[prefix, String(value)]];
  const inner = Array.isArray(value)
    ? value.map((item, i) => [`member.${i + 1}`, item] as const)
    : Object.entries(value);
  return inner.flatMap(([name, item]) => formOf(item, prefix === '' ? name : `${prefix}.${name}`));
}

function xmlOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((item) => `<member>${xmlOf(item)}</member>`).join('');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, item]) => `<${name}>${xmlOf(item)}</${name}>`)
      .join('');
  }
  return String(value);
}

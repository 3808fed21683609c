/**
 * The operators of conditions: how each compares one value of the request with the values that the
 * policy lists. Missing keys, sets and `IfExists` are the business of `conditions.ts`.
 */
import type { KeyValue } from '../../kernel/check.ts';
import { arnParts, arnTemplate, matchesParts, splitArn } from './arns.ts';
import { instantOf } from './instants.ts';
import { addressOf, holds, networkOf } from './networks.ts';
import type { Piece } from './patterns.ts';
import { foldCase, lowerAscii } from './text.ts';
import {
  type AskKey,
  compileTemplate,
  isFixed,
  matcherMatches,
  resolved,
  templateOf,
} from './variables.ts';

/** One value of a key. */
export type Single = Exclude<KeyValue, readonly string[]>;

/** Whether a value of the request is one of those that the policy lists. */
export type Compares = (value: Single, ask: AskKey) => boolean;

/** `variables`: whether the document is of a version that has them. */
export type Prepares = (values: readonly string[], variables: boolean) => Compares;

export interface Operator {
  readonly prepare: Prepares;
  /** Whether a match means that the condition fails. */
  readonly negated: boolean;
  /** Whether its values may have variables in them. */
  readonly variables: boolean;
}

/** By name, without set prefix and `IfExists`; `Null` is apart, being about absence. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ...bothWays('StringEquals', 'StringNotEquals', preparedTexts(asWritten)),
  ...bothWays('StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', preparedTexts(foldCase)),
  ...bothWays('StringLike', 'StringNotLike', preparedPatterns),
  ...bothWays('ArnEquals', 'ArnNotEquals', preparedArns),
  ...bothWays('ArnLike', 'ArnNotLike', preparedArns),
  plain('IpAddress', preparedNetworks),
  plain('NotIpAddress', preparedNetworks, true),
  ...comparisons('Numeric', numberOf),
  ...comparisons('Date', dateOf),
  ['Bool', { prepare: preparedTruths, negated: false, variables: true }],
  plain('BinaryEquals', preparedBytes),
]);

function asWritten(text: string): string {
  return text;
}

function bothWays(positive: string, negative: string, prepare: Prepares): [string, Operator][] {
  return [
    [positive, { prepare, negated: false, variables: true }],
    [negative, { prepare, negated: true, variables: true }],
  ];
}

function plain(name: string, prepare: Prepares, negated = false): [string, Operator] {
  return [name, { prepare, negated, variables: false }];
}

function comparisons(
  kind: string,
  read: (value: Single) => number | undefined,
): [string, Operator][] {
  const prepared =
    (compare: (value: number, listed: number) => boolean): Prepares =>
    (values) => {
      const listed = values.map(read).filter((each) => each !== undefined);
      return (value) => {
        const asked = read(value);
        return asked !== undefined && listed.some((each) => compare(asked, each));
      };
    };
  const equals = prepared((value, listed) => value === listed);
  return [
    plain(`${kind}Equals`, equals),
    plain(`${kind}NotEquals`, equals, true),
    plain(
      `${kind}LessThan`,
      prepared((value, listed) => value < listed),
    ),
    plain(
      `${kind}LessThanEquals`,
      prepared((value, listed) => value <= listed),
    ),
    plain(
      `${kind}GreaterThan`,
      prepared((value, listed) => value > listed),
    ),
    plain(
      `${kind}GreaterThanEquals`,
      prepared((value, listed) => value >= listed),
    ),
  ];
}

/** A value as texts are compared with it; bytes as base64. */
function textOf(value: Single): string {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? base64Of(value) : String(value);
}

function preparedTexts(fold: (text: string) => string): Prepares {
  return (values, variables) => {
    const templates = values.map((value) => templateOf(value, { wildcards: false, variables }));
    const fixed = new Set(templates.filter(isFixed).map((pieces) => fold(joined(pieces))));
    const open = templates.filter((template) => !isFixed(template));
    return (value, ask) => {
      const text = fold(textOf(value));
      if (fixed.has(text)) return true;
      return open.some((template) => {
        const pieces = resolved(template, ask);
        return pieces !== undefined && fold(joined(pieces)) === text;
      });
    };
  };
}

function joined(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');
}

function preparedPatterns(values: readonly string[], variables: boolean): Compares {
  const listed = values.map((value) =>
    compileTemplate(templateOf(value, { wildcards: true, variables })),
  );
  return (value, ask) => {
    const text = textOf(value);
    return listed.some((matcher) => matcherMatches(matcher, text, ask));
  };
}

function preparedArns(values: readonly string[], variables: boolean): Compares {
  if (values.includes('*')) return () => true;
  const listed = values
    .map((value) => arnTemplate(templateOf(value, { wildcards: true, variables })))
    .filter((parts) => parts.length === arnParts)
    .map((parts) => parts.map(compileTemplate));
  return (value, ask) => {
    const parts = splitArn(textOf(value));
    return parts !== undefined && listed.some((patterns) => matchesParts(patterns, parts, ask));
  };
}

function preparedNetworks(values: readonly string[]): Compares {
  const listed = values.map(networkOf).filter((network) => network !== undefined);
  return (value) => {
    const address = typeof value === 'string' ? addressOf(value) : undefined;
    return address !== undefined && listed.some((network) => holds(network, address));
  };
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function numberOf(value: Single): number | undefined {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value;
  return typeof value === 'string' && decimal.test(value) ? Number(value) : undefined;
}

/** A number of the request is in milliseconds already. */
function dateOf(value: Single): number | undefined {
  if (typeof value === 'number') return Number.isNaN(value) ? undefined : value;
  return typeof value === 'string' ? instantOf(value) : undefined;
}

const truths = new Set(['true', 'false']);

function preparedTruths(values: readonly string[], variables: boolean): Compares {
  const compares = preparedTexts(lowerAscii)(values, variables);
  return (value, ask) => truths.has(lowerAscii(textOf(value))) && compares(value, ask);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function canonical(text: string): string | undefined {
  return base64.test(text) ? Buffer.from(text, 'base64').toString('base64') : undefined;
}

function preparedBytes(values: readonly string[]): Compares {
  const listed = new Set(values.map(canonical).filter((text) => text !== undefined));
  return (value) => {
    if (value instanceof Uint8Array) return listed.has(base64Of(value));
    const text = typeof value === 'string' ? canonical(value) : undefined;
    return text !== undefined && listed.has(text);
  };
}

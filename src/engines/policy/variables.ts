/**
 * `${key}`, `${key, 'default'}`, `${*}`, `${?}` and `${$}` in the values of policies. What a key's
 * value puts in stands for itself, whatever characters it has. Texts that only look like variables
 * are texts.
 */
import type { KeyValue } from '../../kernel/check.ts';
import { compileGlob, type Glob, globMatches, type Piece, piecesOf } from './patterns.ts';
import { keyName } from './text.ts';

export type AskKey = (name: string) => KeyValue | undefined;

export interface Variable {
  readonly kind: 'variable';
  /** As written. */
  readonly written: string;
  /** As it is asked for. */
  readonly key: string;
  readonly fallback?: string;
}

export type TemplatePiece = Piece | Variable;

/** What a template is read as: with wildcards and variables, or with either as plain text. */
export interface TemplateSyntax {
  readonly wildcards: boolean;
  readonly variables: boolean;
}

// No two neighbours of it can match the same character: it reads any text in one pass.
const variablePattern = /\$\{(?:([*?$])|([^{}',*?]+)(?:,\s*'([^']*)'\s*)?)\}/g;

export function templateOf(text: string, syntax: TemplateSyntax): readonly TemplatePiece[] {
  const plain = (part: string): readonly TemplatePiece[] =>
    syntax.wildcards ? piecesOf(part) : part === '' ? [] : [{ kind: 'text', text: part }];
  if (!syntax.variables || !text.includes('${')) return plain(text);
  const pieces: TemplatePiece[] = [];
  let from = 0;
  for (const found of text.matchAll(variablePattern)) {
    pieces.push(...plain(text.slice(from, found.index)));
    const [whole, escaped, name = '', fallback] = found;
    from = found.index + whole.length;
    const written = name.trim();
    if (escaped !== undefined) pieces.push({ kind: 'text', text: escaped });
    else if (written === '') pieces.push({ kind: 'text', text: whole });
    else pieces.push(variable(written, fallback));
  }
  pieces.push(...plain(text.slice(from)));
  return pieces;
}

function variable(written: string, fallback: string | undefined): Variable {
  const named = { kind: 'variable', written, key: keyName(written) } as const;
  return fallback === undefined ? named : { ...named, fallback };
}

/** The variables of a text, as they are written. */
export function variablesIn(text: string): readonly string[] {
  return templateOf(text, { wildcards: false, variables: true })
    .filter((piece) => piece.kind === 'variable')
    .map(({ written }) => written);
}

/** Undefined when a variable without a default has no value, or has many. */
export function resolved(
  template: readonly TemplatePiece[],
  ask: AskKey,
): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (const piece of template) {
    if (piece.kind !== 'variable') {
      pieces.push(piece);
      continue;
    }
    const value = ask(piece.key);
    const text = value === undefined ? piece.fallback : textOf(value);
    if (text === undefined) return undefined;
    pieces.push({ kind: 'text', text });
  }
  return pieces;
}

/** Undefined for keys of many values and for bytes, which a variable cannot stand for. */
function textOf(value: KeyValue): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** A template made ready: as a pattern when it has no variable, for each question otherwise. */
export type Matcher = Glob | { readonly kind: 'open'; readonly template: readonly TemplatePiece[] };

export function compileTemplate(template: readonly TemplatePiece[]): Matcher {
  return isFixed(template) ? compileGlob(template) : { kind: 'open', template };
}

export function matcherMatches(matcher: Matcher, text: string, ask: AskKey): boolean {
  if (matcher.kind !== 'open') return globMatches(matcher, text);
  const pieces = resolved(matcher.template, ask);
  return pieces !== undefined && globMatches(compileGlob(pieces), text);
}

export function isFixed(template: readonly TemplatePiece[]): template is readonly Piece[] {
  return template.every(({ kind }) => kind !== 'variable');
}

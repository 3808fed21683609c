/** Names of the columns of observed records, from the headers of the data set they are held to. */
import type { BiasColumn } from '../../engines/fairness/column.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { ClarifyConfig, NameOrIndex } from './config.ts';
import { nameOf } from './dataset.ts';

const labelFallback = 'label';
const placed = /^(_c|column_)\d+$/;

/** Captured features have names of their own, or those of the headers without the labels. */
export function observedNames(
  own: readonly string[],
  config: ClarifyConfig,
): Outcome<readonly string[]> {
  const { headers } = config;
  const bare = own.every((name) => placed.test(name));
  if (!headers) return ok(own);
  if (!bare && own.every((name) => headers.includes(name))) return ok(own);
  const others = new Set(labelHeaders(config));
  const features = headers.filter((name) => !others.has(name));
  const fitting = [features, headers].find((names) => names.length === own.length);
  if (fitting) return ok(fitting);
  return refuse(
    `headers names ${headers.length} columns, ${features.length} without labels, and a captured ` +
      `record has ${own.length} features`,
  );
}

/** Those of the headers that are no features, as the configuration's type of data has them. */
export function labelHeaders(config: ClarifyConfig): readonly string[] {
  const { headers = [], label, predictedLabel, features } = config;
  if (features !== undefined) {
    const count = (label === undefined ? 0 : 1) + (predictedLabel === undefined ? 0 : 1);
    return count === 0 ? [] : headers.slice(-count);
  }
  const found = [label, predictedLabel].flatMap((one) => headerOf(one, headers) ?? []);
  // An expression says nothing of headers: by convention the label is the last of them.
  const isExpression = typeof label === 'string' && found.length === 0 && !/^\d+$/.test(label);
  return isExpression ? headers.slice(-1) : found;
}

function headerOf(wanted: NameOrIndex | undefined, headers: readonly string[]): string | undefined {
  if (typeof wanted === 'string' && headers.includes(wanted)) return wanted;
  return /^\d+$/.test(String(wanted)) ? headers[Number(wanted)] : undefined;
}

/** What the column of labels is called, beside the features' names. */
export function labelNameOf(config: ClarifyConfig, taken: readonly string[]): string {
  const name = namedLabel(config);
  return taken.includes(name) ? `_${labelFallback}` : name;
}

function namedLabel(config: ClarifyConfig): string {
  const { label, headers } = config;
  const named = label === undefined ? undefined : labelHeaders(config)[0];
  const isPlain = typeof label === 'string' && headers === undefined && /^\w+$/.test(label);
  return named ?? (isPlain && !/^\d+$/.test(label) ? label : labelFallback);
}

/** Indices are places in the headers, as in the data set of the baseline. */
export function columnName(
  wanted: NameOrIndex,
  columns: ReadonlyMap<string, BiasColumn>,
  { headers = [] }: ClarifyConfig,
): string {
  if (typeof wanted === 'string' && columns.has(wanted)) return wanted;
  return headerOf(wanted, headers) ?? String(wanted);
}

/** Names without those left out, which may be places. */
export function keptFeatures(
  names: readonly string[],
  columns: ReadonlyMap<string, BiasColumn>,
  excluded: readonly NameOrIndex[],
): Outcome<readonly string[]> {
  const out = new Set<string>();
  for (const one of excluded) {
    const name = nameOf(one, columns, 'excluded features');
    if (!name.ok) return name;
    out.add(name.value);
  }
  return ok(names.filter((name) => !out.has(name)));
}

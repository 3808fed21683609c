/**
 * Reads `constraints.json` and `statistics.json` as people have them: written by the original, by
 * its SDK, by hand, old and new spellings alike. What cannot be right is refused with its path.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { InferredType } from '../profile/inference.ts';
import {
  type CategoricalMethod,
  type Constraints,
  defaultConfig,
  type FeatureConstraints,
  type MonitoringConfig,
  type NumericMethod,
  type Switch,
} from './constraints.ts';
import type { FeatureStatistics, Statistics } from './statistics.ts';

/** Bytes of a document that is still read; the statistics of thousands of columns fit. */
export const documentLimitBytes = 256 * 1024 * 1024;

export function parseConstraints(text: string): Outcome<Constraints> {
  return reading(text, (root) => {
    const top = membersOf(root, '');
    const features = listOf(top.required('features'), 'features').map(readFeature);
    const names = new Set<string>();
    features.forEach(({ name }, i) => {
      if (names.has(name)) fail(`features[${i}].name`, `${JSON.stringify(name)} is there twice`);
      names.add(name);
    });
    const config = { ...defaultConfig, ...readConfig(top.get('monitoring_config'), top) };
    return { version: Number(top.get('version') ?? 0), features, config };
  });
}

/** Only numbers, names and shapes that are used are checked. */
export function parseStatistics(text: string): Outcome<Statistics> {
  return reading(text, (root) => {
    const top = membersOf(root, '');
    const features = listOf(top.required('features'), 'features').map(readStatistics);
    const dataset = membersOf(top.get('dataset') ?? {}, 'dataset');
    const item_count = Number(dataset.get('item_count') ?? 0);
    return { version: Number(top.get('version') ?? 0), dataset: { item_count }, features };
  });
}

class Unreadable extends Error {}

function fail(path: string, rule: string): never {
  throw new Unreadable(path === '' ? rule : `${path}: ${rule}`);
}

function reading<T>(text: string, read: (root: unknown) => T): Outcome<T> {
  if (text.length > documentLimitBytes) return refuse(`longer than ${documentLimitBytes} bytes`);
  try {
    return ok(read(JSON.parse(text.replace(/^\uFEFF/, ''))));
  } catch (error) {
    if (error instanceof Unreadable) return refuse(error.message);
    if (error instanceof SyntaxError) return refuse(`not JSON: ${error.message}`);
    throw error;
  }
}

interface Members {
  readonly path: string;
  get(name: string, ...aliases: string[]): unknown;
  required(name: string): unknown;
  pathOf(name: string): string;
}

/** Members are found whatever their case and underscores: `monitoringConfigOverrides` is one. */
function membersOf(value: unknown, path: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(path || 'the document', 'must be an object');
  }
  const bare = (name: string) => name.replaceAll('_', '').toLowerCase();
  const found = new Map(Object.entries(value).map(([name, member]) => [bare(name), member]));
  const pathOf = (name: string) => (path === '' ? name : `${path}.${name}`);
  const get = (...names: string[]) => names.map((name) => found.get(bare(name))).find(isThere);
  return {
    path,
    get,
    pathOf,
    required: (name) => get(name) ?? fail(pathOf(name), 'is missing'),
  };
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function listOf(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? value : fail(path, 'must be a list');
}

function textOf(value: unknown, path: string): string {
  return typeof value === 'string' ? value : fail(path, 'must be a string');
}

function share(value: unknown, path: string): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  return fail(path, `must be a number from 0 to 1, and is ${shown(value)}`);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 100);
}

const types = new Map<string, InferredType>([
  ['integral', 'Integral'],
  ['fractional', 'Fractional'],
  ['string', 'String'],
  ['boolean', 'String'],
  ['unknown', 'Unknown'],
]);

function typeIn(members: Members): InferredType {
  const path = members.pathOf('inferred_type');
  const text = textOf(members.get('inferred_type') ?? 'Unknown', path);
  return (
    types.get(text.toLowerCase()) ??
    fail(path, `must be Integral, Fractional, String or Unknown, and is ${shown(text)}`)
  );
}

function readFeature(value: unknown, i: number): FeatureConstraints {
  const feature = membersOf(value, `features[${i}]`);
  const name = textOf(feature.required('name'), feature.pathOf('name'));
  const inferredType = typeIn(feature);
  const within = (member: string) => membersOf(feature.get(member) ?? {}, feature.pathOf(member));
  const [numbers, texts] = [within('num_constraints'), within('string_constraints')];
  const overrides = [feature, numbers, texts].reduce<Partial<MonitoringConfig>>(
    (all, part) => ({ ...all, ...readConfig(part.get('monitoring_config_overrides'), part) }),
    {},
  );
  const completeness = feature.get('completeness');
  const nonNegative = numbers.get('is_non_negative');
  const domains = texts.get('domains');
  return {
    name,
    inferredType,
    ...(isThere(completeness)
      ? { completeness: share(completeness, feature.pathOf('completeness')) }
      : {}),
    ...(isThere(nonNegative)
      ? { isNonNegative: truth(nonNegative, numbers.pathOf('is_non_negative')) }
      : {}),
    ...(isThere(domains) ? { domains: domainsIn(domains, texts.pathOf('domains')) } : {}),
    ...(Object.keys(overrides).length > 0 ? { overrides } : {}),
  };
}

function domainsIn(value: unknown, path: string): readonly string[] {
  return listOf(value, path).map((item, i) => valueOf(item, `${path}[${i}]`));
}

/** Categories are texts; numbers and booleans that someone wrote bare mean their text. */
function valueOf(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return fail(path, 'must be a value');
}

function truth(value: unknown, path: string): boolean {
  return typeof value === 'boolean' ? value : fail(path, 'must be true or false');
}

function readConfig(value: unknown, parent: Members): Partial<MonitoringConfig> {
  if (!isThere(value)) return {};
  const path = parent.pathOf(
    parent.path === '' ? 'monitoring_config' : 'monitoring_config_overrides',
  );
  const config = membersOf(value, path);
  const nested = config.get('distribution_constraints') ?? {};
  const drift = membersOf(nested, config.pathOf('distribution_constraints'));
  const out: { -readonly [Key in keyof MonitoringConfig]?: MonitoringConfig[Key] } = {};
  const read = <T>(names: readonly string[], from: Members, as: (v: unknown, p: string) => T) => {
    const [name = '', ...aliases] = names;
    const found = from.get(name, ...aliases);
    return isThere(found) ? as(found, from.pathOf(name)) : undefined;
  };
  assign(out, 'evaluateConstraints', read(['evaluate_constraints'], config, switchOf));
  assign(out, 'emitMetrics', read(['emit_metrics'], config, switchOf));
  assign(out, 'datatypeCheckThreshold', read(['datatype_check_threshold'], config, share));
  assign(out, 'domainContentThreshold', read(['domain_content_threshold'], config, share));
  // `min_domain_mass` and `enable_comparisons` are the names of an early version.
  assign(out, 'domainContentThreshold', read(['min_domain_mass'], drift, share));
  const compare = ['perform_comparison', 'enable_comparisons'];
  assign(out, 'performComparison', read(compare, drift, switchOf));
  assign(out, 'comparisonThreshold', read(['comparison_threshold'], drift, share));
  const method = ['comparison_method', 'comparion_method'];
  assign(out, 'comparisonMethod', read(method, drift, numericMethod));
  const categorical = ['categorical_comparison_threshold'];
  assign(out, 'categoricalComparisonThreshold', read(categorical, drift, share));
  const driftMethod = ['categorical_drift_method', 'categorical_comparison_method'];
  assign(out, 'categoricalDriftMethod', read(driftMethod, drift, categoricalMethod));
  return out;
}

function assign<Target, Key extends keyof Target>(
  target: Target,
  key: Key,
  value: Target[Key] | undefined,
): void {
  if (value !== undefined) target[key] = value;
}

function switchOf(value: unknown, path: string): Switch {
  const text = String(value).toLowerCase();
  if (text === 'enabled' || text === 'true') return 'Enabled';
  if (text === 'disabled' || text === 'false') return 'Disabled';
  return fail(path, `must be Enabled or Disabled, and is ${shown(value)}`);
}

function numericMethod(value: unknown, path: string): NumericMethod {
  const text = String(value).toLowerCase();
  if (text === 'simple' || text === 'linf_simple') return 'Simple';
  if (text === 'robust' || text === 'linf_robust') return 'Robust';
  return fail(path, `must be Simple or Robust, and is ${shown(value)}`);
}

/** Also what the environment variable `categorical_drift_method` says. */
export function categoricalMethod(value: unknown, path: string): CategoricalMethod {
  const text = String(value).replace(/[-_ ]/g, '').toLowerCase();
  if (text === 'linfinity' || text === 'linf') return 'LInfinity';
  if (text === 'chisquared' || text === 'chisquare') return 'ChiSquared';
  return fail(path, `must be LInfinity or ChiSquared, and is ${shown(value)}`);
}

/** Sets the method of a run from the environment; refuses a word that is none. */
export function parseCategoricalMethod(text: string): Outcome<CategoricalMethod> {
  try {
    return ok(categoricalMethod(text, 'categorical_drift_method'));
  } catch (error) {
    if (error instanceof Unreadable) return refuse(error.message);
    throw error;
  }
}

function readStatistics(value: unknown, i: number): FeatureStatistics {
  const feature = membersOf(value, `features[${i}]`);
  const name = textOf(feature.required('name'), feature.pathOf('name'));
  const head = { name, inferred_type: typeIn(feature) };
  const numbers = feature.get('numerical_statistics');
  const texts = feature.get('string_statistics');
  if (isThere(numbers)) {
    const at = feature.pathOf('numerical_statistics');
    return { ...head, numerical_statistics: numericalIn(membersOf(numbers, at)) };
  }
  if (isThere(texts)) {
    const at = feature.pathOf('string_statistics');
    return { ...head, string_statistics: textualIn(membersOf(texts, at)) };
  }
  return head;
}

type Numerical = NonNullable<FeatureStatistics['numerical_statistics']>;
type Textual = NonNullable<FeatureStatistics['string_statistics']>;

function number(value: unknown, path: string): number {
  if (typeof value === 'number') return value;
  // Numbers JSON has no digits for are written as text.
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  return fail(path, `must be a number, and is ${shown(value)}`);
}

function child(of: Members, name: string): Members {
  return membersOf(of.get(name) ?? {}, of.pathOf(name));
}

function commonIn(of: Members): Numerical['common'] {
  const common = child(of, 'common');
  const count = (name: string) => number(common.get(name) ?? 0, common.pathOf(name));
  return { num_present: count('num_present'), num_missing: count('num_missing') };
}

function numericalIn(of: Members): Numerical {
  const figure = (name: string) => number(of.get(name) ?? 'NaN', of.pathOf(name));
  const kll = child(child(of, 'distribution'), 'kll');
  const sketch = child(kll, 'sketch');
  const parameters = child(sketch, 'parameters');
  const at = sketch.pathOf('data');
  const data = listOf(sketch.get('data') ?? [], at).map((level, h) =>
    listOf(level, `${at}[${h}]`).map((x, i) => number(x, `${at}[${h}][${i}]`)),
  );
  const buckets = listOf(kll.get('buckets') ?? [], kll.pathOf('buckets')).map((value, i) => {
    const bucket = membersOf(value, `${kll.pathOf('buckets')}[${i}]`);
    const part = (name: string) => number(bucket.required(name), bucket.pathOf(name));
    const [lower_bound, upper_bound] = [part('lower_bound'), part('upper_bound')];
    return { lower_bound, upper_bound, count: part('count') };
  });
  return {
    common: commonIn(of),
    mean: figure('mean'),
    sum: figure('sum'),
    std_dev: figure('std_dev'),
    min: figure('min'),
    max: figure('max'),
    distribution: {
      kll: {
        buckets,
        sketch: {
          parameters: {
            c: number(parameters.get('c') ?? 0.64, parameters.pathOf('c')),
            k: number(parameters.get('k') ?? 2_048, parameters.pathOf('k')),
          },
          data,
        },
      },
    },
  };
}

function textualIn(of: Members): Textual {
  const categorical = child(child(of, 'distribution'), 'categorical');
  const at = categorical.pathOf('buckets');
  const buckets = listOf(categorical.get('buckets') ?? [], at).map((value, i) => {
    const bucket = membersOf(value, `${at}[${i}]`);
    const count = number(bucket.required('count'), bucket.pathOf('count'));
    return { value: valueOf(bucket.get('value') ?? '', bucket.pathOf('value')), count };
  });
  const distinct = number(of.get('distinct_count') ?? buckets.length, of.pathOf('distinct_count'));
  return {
    common: commonIn(of),
    distinct_count: distinct,
    distribution: { categorical: { buckets } },
  };
}

/** A comparison as text: a table for terminals, and JSON for programs. */
import type { FeatureComparison, Report } from './compare.ts';
import { shortened } from './markup.ts';

export interface TerminalOptions {
  /** ANSI colours; off by default. */
  readonly color?: boolean;
}

const bars = '▁▂▃▄▅▆▇█';
const barCount = 12;
const longestName = 28;
const longestReason = 120;
const shownReasons = 20;
const escape = String.fromCharCode(27);
const colors: Readonly<Record<string, string>> = {
  missing: '31',
  new: '33',
  'type changed': '31',
  large: '31',
  moderate: '33',
  'too few': '36',
  none: '32',
};

interface Column {
  readonly title: string;
  readonly right?: boolean;
  readonly cell: (feature: FeatureComparison) => string;
}

/** Few enough to read at once; the page and the JSON have every measure. */
const columns: readonly Column[] = [
  { title: 'column', cell: ({ name }) => shortened(printable(name), longestName) },
  { title: 'verdict', cell: ({ verdict }) => verdict },
  { title: 'distance', right: true, cell: ({ distance }) => figure(distance?.simple) },
  { title: 'W1/σ', right: true, cell: ({ measures }) => figure(measures?.wasserstein) },
  { title: 'PSI', right: true, cell: ({ measures }) => figure(measures?.psi) },
  { title: 'JS', right: true, cell: ({ measures }) => figure(measures?.js) },
  {
    title: 'mean',
    right: true,
    cell: ({ meanShift }) => (meanShift === undefined ? '' : `${signed(meanShift, 2)}σ`),
  },
  {
    title: 'missing',
    right: true,
    cell: ({ missingShift = 0 }) => (missingShift === 0 ? '' : `${signed(100 * missingShift, 1)}%`),
  },
  { title: 'before', cell: ({ shape }) => (shape ? spark(shape.before) : '') },
  { title: 'after', cell: ({ shape }) => (shape ? spark(shape.after) : '') },
];

export function renderTerminal(report: Report, { color = false }: TerminalOptions = {}): string {
  const rows = report.features.map((feature) => columns.map(({ cell }) => cell(feature)));
  const widths = columns.map(({ title }, i) =>
    rows.reduce((most, row) => Math.max(most, width(row[i] ?? '')), width(title)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.right === true))
      .join('  ')
      .trimEnd();
  const painted = rows.map((row, i) => {
    const text = line(row);
    const code = colors[report.features[i]?.verdict ?? ''];
    return color && code ? `${escape}[${code}m${text}${escape}[0m` : text;
  });
  const { baseline, current } = report;
  return [
    `baseline  ${printable(baseline.name)}  ${baseline.rows} rows`,
    `current   ${printable(current.name)}  ${current.rows} rows`,
    '',
    line(columns.map(({ title }) => title)),
    line(widths.map((size) => '─'.repeat(size))),
    ...painted,
    '',
    ...reasonsOf(report),
    summaryOf(report),
    '',
  ].join('\n');
}

/** Why each of the columns that moved most is called so. */
function reasonsOf({ features }: Report): readonly string[] {
  const moved = features.filter(({ reasons = [], verdict }) => reasons.length > 0 && verdict);
  const lines = moved.slice(0, shownReasons).map(({ name, reasons = [] }) => {
    const why = shortened(printable(reasons.join('; ')), longestReason);
    return `${shortened(printable(name), longestName)}: ${why}`;
  });
  const rest = moved.length - lines.length;
  const more = rest > 0 ? [`and ${rest} more`] : [];
  return lines.length === 0 ? [] : [...lines, ...more, ''];
}

/** One or two sentences: how many columns moved, and whether the whole did. */
export function summaryOf({ features, dataset }: Report): string {
  const counts = new Map<string, number>();
  for (const { verdict } of features) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const moved = [...counts].filter(([verdict]) => verdict !== 'none');
  const parts = moved.map(([verdict, count]) => `${count} ${verdict}`);
  const all = features.length === 1 ? '1 column' : `${features.length} columns`;
  if (parts.length === 0) return `${all}, none moved.`;
  const { share01, threshold01, isDrifted } = dataset;
  const [is, limit] = [(100 * share01).toFixed(0), (100 * threshold01).toFixed(0)];
  const whole = isDrifted
    ? ` ${is}% of the columns drifted (limit ${limit}%): the data set as a whole moved.`
    : '';
  return `${all}: ${parts.join(', ')}.${whole}`;
}

/** What a terminal would obey is shown instead. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function figure(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '' : value.toFixed(3);
}

function signed(value: number, digits: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
}

function width(text: string): number {
  return Array.from(text).length;
}

function pad(text: string, size: number, right: boolean): string {
  const room = ' '.repeat(Math.max(0, size - width(text)));
  return right ? room + text : text + room;
}

/** Neighbouring shares are added until few enough are left to draw. */
function spark(shares: readonly number[]): string {
  const per = Math.ceil(shares.length / barCount);
  const sums = Array.from({ length: Math.ceil(shares.length / per) }, (_, i) =>
    shares.slice(i * per, (i + 1) * per).reduce((sum, share) => sum + share, 0),
  );
  const most = Math.max(...sums, Number.MIN_VALUE);
  return sums.map((sum) => bars[Math.round((sum / most) * (bars.length - 1))] ?? ' ').join('');
}

/** The report as it is; a figure that is no number is null, and `unmeasured` beside it says why. */
export function renderJson(report: Report): string {
  return `${JSON.stringify({ ...report, features: report.features.map(withNulls) }, null, 2)}\n`;
}

function withNulls(feature: FeatureComparison): object {
  const { measures, unmeasured } = feature;
  if (!measures || !unmeasured) return feature;
  const known = new Set(measureNames);
  const absent = Object.keys(unmeasured).filter((name) => known.has(name));
  const nulls = Object.fromEntries(absent.map((name) => [name, null]));
  return { ...feature, measures: { ...measures, ...nulls } };
}

const measureNames: readonly string[] = [
  'psi',
  'kl',
  'js',
  'hellinger',
  'totalVariation',
  'lInfinity',
  'wasserstein',
  'energy',
  'ks',
  'cvm',
  'chi2',
];

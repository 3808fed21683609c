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

export function renderTerminal(report: Report, { color = false }: TerminalOptions = {}): string {
  const head = [
    'column',
    'verdict',
    'distance',
    'robust',
    'PSI',
    'JS',
    'mean',
    'missing',
    'before',
    'after',
  ];
  const rows = report.features.map(cellsOf);
  const widths = head.map((title, i) =>
    Math.max(width(title), ...rows.map((row) => width(row[i] ?? ''))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => pad(cell, widths[i] ?? 0, i > 1 && i < 8))
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
    line(head),
    line(widths.map((size) => '─'.repeat(size))),
    ...painted,
    '',
    summaryOf(report),
    '',
  ].join('\n');
}

/** One sentence: how many columns there are and how many moved. */
export function summaryOf({ features }: Report): string {
  const counts = new Map<string, number>();
  for (const { verdict } of features) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const moved = [...counts].filter(([verdict]) => verdict !== 'none');
  const parts = moved.map(([verdict, count]) => `${count} ${verdict}`);
  const columns = features.length === 1 ? '1 column' : `${features.length} columns`;
  return parts.length === 0 ? `${columns}, none moved.` : `${columns}: ${parts.join(', ')}.`;
}

function cellsOf(feature: FeatureComparison): readonly string[] {
  const { distance, shape, missingShift = 0 } = feature;
  const missing = missingShift === 0 ? '' : `${signed(100 * missingShift, 1)}%`;
  return [
    shortened(printable(feature.name), longestName),
    feature.verdict,
    figure(distance?.simple),
    figure(distance?.robust),
    figure(feature.populationStability),
    figure(feature.jensenShannon),
    feature.meanShift === undefined ? '' : `${signed(feature.meanShift, 2)}σ`,
    missing,
    shape ? spark(shape.before) : '',
    shape ? spark(shape.after) : '',
  ];
}

/** What a terminal would obey is shown instead. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function figure(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(3);
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

/** The report as it is. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

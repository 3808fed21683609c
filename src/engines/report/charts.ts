/** The charts of a monitor's page as SVG: courses over runs, curves, and bars side by side. */
import type { BarChart, Figure, LineChart, ReportChart } from './body.ts';
import { element, escaped, short, shortened } from './markup.ts';

type Point = readonly [x: number, y: number];

const small = { width: 240, height: 72, left: 4, top: 8, bottom: 16 } as const;
const large = { width: 640, height: 320, left: 56, top: 12, bottom: 40, right: 12 } as const;
const bar = { width: 640, labels: 200, figures: 80, height: 14, gap: 10 } as const;
const longestLabel = 30;
/** Bars of one chart; what is left out is said. */
const mostBars = 40;

/** A figure over the runs, the last one this; its threshold as a dashed line. */
export function trendOf(figure: Figure, points: readonly Point[], id: string): string {
  const { threshold, name } = figure;
  const finite = points.filter(([, y]) => Number.isFinite(y));
  const ys = [...finite.map(([, y]) => y), ...(threshold === undefined ? [] : [threshold])];
  const y = scale(extent(ys), [small.height - small.bottom, small.top]);
  const x = scale(extent(finite.map(([at]) => at)), [small.left + 4, small.width - small.left - 6]);
  const last = finite.at(-1);
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const first = finite[0];
  const parts = [
    threshold === undefined
      ? ''
      : line('limit', [small.left, y(threshold)], [small.width - small.left, y(threshold)]),
    path('line-0', finite, x, y),
    last ? element('circle', { class: 'dot', cx: x(last[0]), cy: y(last[1]), r: 3.5 }) : '',
    finite.length > 1 && first && last
      ? text(small.left, small.height - 3, day(first[0])) +
        text(small.width - small.left, small.height - 3, day(last[0]), 'end')
      : '',
  ];
  const values = finite.map(([, value]) => short(value)).join(', ');
  return picture(small, `${name} over the runs: ${shortened(values, 200)}`, id, parts);
}

export function chartOf(chart: ReportChart, id: string): string {
  return chart.kind === 'lines' ? lines(chart, id) : bars(chart, id);
}

function lines({ title, xLabel, yLabel, series }: LineChart, id: string): string {
  const all = series.flatMap(({ points }) => points).filter(([a, b]) => isFinite(a) && isFinite(b));
  const [xs, ys] = [extent(all.map(([a]) => a)), extent(all.map(([, b]) => b))];
  const x = scale(xs, [large.left, large.width - large.right]);
  const y = scale(ys, [large.height - large.bottom, large.top]);
  const base = large.height - large.bottom;
  const paths = series.map(({ points }, at) => path(`line-${at % 3}`, points, x, y));
  const keys = series.map(({ name }, at) => {
    const top = large.top + 14 + at * 18;
    return (
      line(`line-${at % 3}`, [large.width - 190, top - 4], [large.width - 160, top - 4]) +
      text(large.width - 152, top, shortened(name, 22))
    );
  });
  const middle = (large.left + large.width - large.right) / 2;
  return picture(large, `${title}: ${yLabel} by ${xLabel}`, id, [
    line('axis', [large.left, base], [large.width - large.right, base]),
    line('axis', [large.left, large.top], [large.left, base]),
    text(large.left, base + 16, short(xs[0])),
    text(large.width - large.right, base + 16, short(xs[1]), 'end'),
    text(large.left - 6, base, short(ys[0]), 'end'),
    text(large.left - 6, large.top + 10, short(ys[1]), 'end'),
    text(middle, base + 32, xLabel, 'middle'),
    text(large.left + 8, large.top + 10, yLabel),
    ...paths,
    ...(series.length > 1 ? keys : []),
  ]);
}

function bars({ title, series, items }: BarChart, id: string): string {
  const shown = items.slice(0, mostBars);
  const all = shown.flatMap(({ values }) => values).filter(Number.isFinite);
  const [low, high] = extent([0, ...all]);
  const x = scale([low, high], [bar.labels, bar.width - bar.figures]);
  const step = Math.max(1, series.length) * bar.height + bar.gap;
  const parts = shown.flatMap(({ label, values }, i) => {
    const top = i * step + 4;
    const middle = top + (series.length * bar.height) / 2 + 4;
    return [
      text(bar.labels - 8, middle, shortened(label, longestLabel), 'end'),
      ...values.map((value, at) => {
        const [from, to] = [x(Math.min(0, value)), x(Math.max(0, value))];
        const y = top + at * bar.height;
        const side = series.length > 1 && at === 0 ? 'before' : 'after';
        const place = { x: from, y, width: round(to - from), height: bar.height - 1 };
        const label = text(to + 4, y + bar.height - 3, short(value));
        return element('rect', { class: `fill-${side}`, ...place }) + label;
      }),
    ];
  });
  const height = shown.length * step + 4;
  const key =
    series.length > 1
      ? `<p><span class="key before"></span> ${escaped(series[0] ?? '')} ` +
        `<span class="key after"></span> ${escaped(series[1] ?? '')}</p>`
      : '';
  const left = items.length - shown.length;
  const rest = left > 0 ? `<p>${left} more are not shown.</p>` : '';
  return key + picture({ width: bar.width, height }, title, id, parts) + rest;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function picture({ width, height }: Size, title: string, id: string, parts: readonly string[]) {
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-labelledby': id };
  const titled = element('title', { id }, escaped(title));
  return element('svg', attributes, titled + parts.join(''));
}

type Scale = (value: number) => number;

function scale([low, high]: Point, [from, to]: Point): Scale {
  const span = high - low || 1;
  return (value) => round(from + ((value - low) / span) * (to - from));
}

/** A single value stands in the middle. */
function extent(values: readonly number[]): Point {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

function path(kind: string, points: readonly Point[], x: Scale, y: Scale): string {
  const finite = points.filter(([a, b]) => isFinite(a) && isFinite(b));
  const d = finite.map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${x(a)} ${y(b)}`).join('');
  return d === '' ? '' : element('path', { class: kind, d });
}

function line(kind: string, [x1, y1]: Point, [x2, y2]: Point): string {
  return element('line', { class: kind, x1, y1, x2, y2 });
}

function text(x: number, y: number, content: string, anchor = 'start'): string {
  return element('text', { x: round(x), y: round(y), 'text-anchor': anchor }, escaped(content));
}

const isFinite = Number.isFinite;

/** To a tenth. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The charts of a monitor's page as SVG: courses over runs, curves, and bars side by side. */
import type { BarChart, Figure, LineChart, ReportChart } from './body.ts';
import {
  across,
  bars,
  extent,
  line,
  type Point,
  path,
  picture,
  plot,
  plotWidth,
  round,
  type Scale,
  scale,
  text,
} from './fluid.ts';
import { element, escaped, short, shortened } from './markup.ts';

const trend = { topPx: 6, plotPx: 48, heightPx: 72 } as const;
const curve = { topPx: 22, plotPx: 200, heightPx: 242 } as const;
/** Lines across a curve's plot, to read heights by. */
const gridShares = [0, 0.25, 0.5, 0.75];
const lineKinds = 3;
/** Bars of one chart; what is left out is said. */
const mostBars = 40;

/** A figure over the runs, the last one this; its threshold as a dashed line. */
export function trendOf(figure: Figure, points: readonly Point[], id: string): string {
  const { threshold, name } = figure;
  const finite = points.filter(isFinitePoint);
  const limits = threshold === undefined ? [] : [threshold];
  const ys = extent([...finite.map(([, y]) => y), ...limits]);
  const y = scale(ys, [trend.plotPx, 0]);
  const x = scale(extent(finite.map(([at]) => at)), [0.02, 0.97]);
  const [first, last] = [finite[0], finite.at(-1)];
  const parts = [
    ...limits.map((limit) =>
      line('limit', [0, trend.topPx + y(limit)], [1, trend.topPx + y(limit)]),
    ),
    plot({ topPx: trend.topPx, heightPx: trend.plotPx }, [course('line-0', finite, x, y)]),
    last
      ? element('circle', {
          class: 'dot',
          cx: across(x(last[0])),
          cy: round(trend.topPx + y(last[1])),
          r: 4,
        })
      : '',
    first && last && finite.length > 1 ? span(first[0], last[0]) : '',
  ];
  const values = finite.map(([, value]) => short(value)).join(', ');
  const title = `${name} over the runs: ${shortened(values, 200)}`;
  return picture({ title, id, heightPx: trend.heightPx }, parts);
}

/** When the first and the last run were: days, or hours of one day. */
function span(fromMs: number, toMs: number): string {
  const [from = '', to = ''] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
  const isOneDay = from.slice(0, 10) === to.slice(0, 10);
  const shown = (iso: string) => (isOneDay ? iso.slice(11, 16) : iso.slice(0, 10));
  const y = trend.heightPx - 4;
  return text([0, y], shown(from)) + text([1, y], shown(to), 'end');
}

export function chartOf(chart: ReportChart, id: string): string {
  return chart.kind === 'lines' ? lines(chart, id) : sideBySide(chart, id);
}

function lines({ title, xLabel, yLabel, series }: LineChart, id: string): string {
  const all = series.flatMap(({ points }) => points).filter(isFinitePoint);
  const [xs, ys] = [extent(all.map(([a]) => a)), extent(all.map(([, b]) => b))];
  const x = scale(xs, [0.01, 0.99]);
  const y = scale(ys, [curve.plotPx, 0]);
  const base = curve.topPx + curve.plotPx;
  const grid = gridShares.map((share) => curve.topPx + share * curve.plotPx);
  const courses = series.map(({ points }, at) => course(kindOf(at), points, x, y));
  const parts = [
    ...[...grid, base].map((at) => line('axis', [0, at], [1, at])),
    plot({ topPx: curve.topPx, heightPx: curve.plotPx }, courses),
    text([0, curve.topPx - 8], `${yLabel}, from ${short(ys[0])} to ${short(ys[1])}`),
    text([0, base + 16], short(xs[0])),
    text([0.5, base + 16], shortened(xLabel, 34), 'middle'),
    text([1, base + 16], short(xs[1]), 'end'),
  ];
  const told = `${title}: ${yLabel} by ${xLabel}`;
  return keysOf(series) + picture({ title: told, id, heightPx: curve.heightPx }, parts);
}

function keysOf(series: LineChart['series']): string {
  if (series.length < 2) return '';
  const keys = series.map(({ name }, at) => {
    const sample = line(kindOf(at), [0, 6], [1, 6]);
    const drawn = element('svg', { class: 'sample', 'aria-hidden': 'true' }, sample);
    return `<span class="name">${drawn} ${escaped(name)}</span>`;
  });
  return `<p class="keys">${keys.join(' ')}</p>`;
}

const kindOf = (at: number) => `line-${at % lineKinds}`;

function sideBySide({ title, series, items }: BarChart, id: string): string {
  const shown = items.slice(0, mostBars);
  const isPair = series.length > 1;
  const kinds = isPair ? ['fill-before', 'fill-after'] : ['fill-after'];
  const key = isPair
    ? `<p class="keys"><span class="key before"></span> ${escaped(series[0] ?? '')} ` +
      `<span class="key after"></span> ${escaped(series[1] ?? '')}</p>`
    : '';
  const left = items.length - shown.length;
  const rest = left > 0 ? `<p>${left} more are not shown.</p>` : '';
  return key + bars({ title, id }, shown, { kinds, tell: short }) + rest;
}

function course(kind: string, points: readonly Point[], x: Scale, y: Scale): string {
  const corners = points
    .filter(isFinitePoint)
    .map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${round(plotWidth * x(a))} ${round(y(b))}`);
  return corners.length === 0 ? '' : path(kind, corners.join(''));
}

function isFinitePoint([x, y]: Point): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}

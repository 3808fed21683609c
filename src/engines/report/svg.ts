/** The pictures of a comparison: steps over bins for numbers, pairs of bars for categories. */
import type { FeatureComparison, Shape } from './compare.ts';
import { element, escaped, percent, short, shortened } from './markup.ts';

const view = { width: 640, height: 180, left: 8, bottom: 24 } as const;
const bar = { height: 14, gap: 10, labels: 180, figures: 60 } as const;
const longestLabel = 26;

/** Empty for a column without a shape. `at` makes the picture's id. */
export function pictureOf({ name, shape }: FeatureComparison, at: number): string {
  if (!shape) return '';
  return shape.edges ? histogram(name, shape, at) : paired(name, shape, at);
}

/** Two filled steps over the same bins. */
function histogram(name: string, { edges = [], before, after }: Shape, at: number): string {
  const most = Math.max(...before, ...after, Number.MIN_VALUE);
  const x = (i: number) => pixel(view.left + ((view.width - 2 * view.left) * i) / before.length);
  const base = view.height - view.bottom;
  const y = (share: number) => pixel(base - (share / most) * (base - 8));
  const path = (shares: readonly number[], side: string) => {
    const steps = shares.map((share, i) => `L${x(i)} ${y(share)}H${x(i + 1)}`).join('');
    return element('path', { class: `fill-${side}`, d: `M${x(0)} ${base}${steps}V${base}Z` });
  };
  const [low, high] = [short(edges[0] ?? 0), short(edges[edges.length - 1] ?? 0)];
  const line = view.height - 6;
  const title = `Distribution of ${name} before and after, from ${low} to ${high}`;
  return picture({ title, height: view.height, at }, [
    path(before, 'before'),
    path(after, 'after'),
    element('text', { x: view.left, y: line }, low),
    element('text', { x: view.width - view.left, y: line, 'text-anchor': 'end' }, high),
  ]);
}

/** Two bars for each category, one over the other. */
function paired(name: string, { labels = [], before, after }: Shape, at: number): string {
  const most = Math.max(...before, ...after, Number.MIN_VALUE);
  const room = view.width - bar.labels - bar.figures;
  const step = 2 * bar.height + bar.gap;
  const one = (share: number, y: number, side: string) => {
    const width = pixel((share / most) * room);
    const x = bar.labels;
    return [
      element('rect', { class: `fill-${side}`, x, y, width, height: bar.height }),
      element('text', { x: x + width + 4, y: y + bar.height - 1 }, percent(share)),
    ];
  };
  const items = labels.flatMap((label, i) => {
    const y = i * step + 4;
    const place = { x: bar.labels - 8, y: y + bar.height + 4, 'text-anchor': 'end' };
    return [
      element('text', place, escaped(shortened(label, longestLabel))),
      ...one(before[i] ?? 0, y, 'before'),
      ...one(after[i] ?? 0, y + bar.height, 'after'),
    ];
  });
  const title = `Shares of the values of ${name} before and after`;
  return picture({ title, height: labels.length * step + 4, at }, items);
}

function picture(
  { title, height, at }: { title: string; height: number; at: number },
  parts: readonly string[],
): string {
  const attributes = {
    viewBox: `0 0 ${view.width} ${height}`,
    role: 'img',
    'aria-labelledby': `t${at}`,
  };
  const titled = element('title', { id: `t${at}` }, escaped(title));
  return element('svg', attributes, titled + parts.join(''));
}

/** To a tenth. */
function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}

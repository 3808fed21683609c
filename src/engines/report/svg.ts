/** The pictures of a comparison: steps over bins for numbers, pairs of bars for categories. */
import type { FeatureComparison, Shape } from './compare.ts';
import { bars, path, picture, plot, plotWidth, round, text } from './fluid.ts';
import { percent, short } from './markup.ts';

const plotPx = 132;
const textPx = 18;
/** A place for the line of the highest step. */
const topPx = 4;

/** Empty for a column without a shape. `at` makes the picture's id. */
export function pictureOf({ name, shape }: FeatureComparison, at: number): string {
  if (!shape) return '';
  return shape.edges ? histogram(name, shape, at) : paired(name, shape, at);
}

/** Two filled steps over the same bins. */
function histogram(name: string, { edges = [], before, after }: Shape, at: number): string {
  const most = Math.max(...before, ...after, Number.MIN_VALUE);
  const x = (i: number) => round(4 + ((plotWidth - 8) * i) / before.length);
  const y = (share: number) => round(plotPx - (share / most) * plotPx);
  const steps = (shares: readonly number[], side: string) => {
    const corners = shares.map((share, i) => `L${x(i)} ${y(share)}H${x(i + 1)}`).join('');
    return path(`fill-${side}`, `M${x(0)} ${plotPx}${corners}V${plotPx}Z`);
  };
  const [low, high] = [short(edges[0] ?? 0), short(edges[edges.length - 1] ?? 0)];
  const heightPx = topPx + plotPx + textPx;
  const title = `Distribution of ${name} before and after, from ${low} to ${high}`;
  return picture({ title, id: `t${at}`, heightPx }, [
    plot({ topPx, heightPx: plotPx }, [steps(before, 'before'), steps(after, 'after')]),
    text([0, heightPx - 4], low),
    text([1, heightPx - 4], high, 'end'),
  ]);
}

/** Two bars for each category, one below the other. */
function paired(name: string, { labels = [], before, after }: Shape, at: number): string {
  const title = `Shares of the values of ${name} before and after`;
  const items = labels.map((label, i) => ({ label, values: [before[i] ?? 0, after[i] ?? 0] }));
  const kinds = ['fill-before', 'fill-after'];
  return bars({ title, id: `t${at}` }, items, { kinds, tell: percent });
}

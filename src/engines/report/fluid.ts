/**
 * What fluid pictures are made of: they are as wide as their reader's window, places across are
 * shares of that width, and texts keep their size. Not what is drawn with them.
 */
import { element, escaped, shortened } from './markup.ts';

/** From the left edge, 0, to the right one, 1. */
export type Share01 = number;
export type Point = readonly [x: number, y: number];
export type Scale = (value: number) => number;

/** Units across of a plot; those down are pixels. */
export const plotWidth = 1_000;

export interface Frame {
  readonly title: string;
  /** Of the title, unique within the page. */
  readonly id: string;
  readonly heightPx: number;
}

export function picture({ title, id, heightPx }: Frame, parts: readonly string[]): string {
  const titled = element('title', { id }, escaped(title));
  const size = { width: '100%', height: heightPx, style: `height:${heightPx}px` };
  const named = { role: 'img', 'aria-labelledby': id };
  return element('svg', { ...size, ...named }, titled + parts.join(''));
}

/** Where paths are drawn. It is stretched to the window; their strokes are not. */
export function plot(
  { topPx, heightPx }: { readonly topPx: number; readonly heightPx: number },
  parts: readonly string[],
): string {
  const attributes = {
    y: topPx,
    width: '100%',
    height: heightPx,
    viewBox: `0 0 ${plotWidth} ${heightPx}`,
    preserveAspectRatio: 'none',
    overflow: 'visible',
    style: `height:${heightPx}px`,
  };
  return element('svg', attributes, parts.join(''));
}

export function path(kind: string, d: string): string {
  return element('path', { class: kind, d, 'vector-effect': 'non-scaling-stroke' });
}

export function line(kind: string, from: Point, to: Point): string {
  const [x1, x2] = [across(from[0]), across(to[0])];
  return element('line', { class: kind, x1, y1: round(from[1]), x2, y2: round(to[1]) });
}

export function text([x, y]: Point, content: string, anchor = 'start'): string {
  return element('text', { x: across(x), y: round(y), 'text-anchor': anchor }, escaped(content));
}

/** To a hundredth of a percent. */
export function across(share: Share01): string {
  return `${Math.round(share * 10_000) / 100}%`;
}

/** To a tenth. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function scale([low, high]: Point, [from, to]: Point): Scale {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** The least and the greatest; a single value stands in the middle. */
export function extent(values: readonly number[]): Point {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

export interface BarsOfLabel {
  readonly label: string;
  /** What is no finite number has no bar, and is told by `tell` all the same. */
  readonly values: readonly number[];
}

const bar = { labelPx: 18, heightPx: 14, gapPx: 8, left: 0.004, right: 0.74 } as const;
const longestLabel = 38;

/** A label, and below it a bar for each value; `kinds` are the classes of the values in order. */
export function bars(
  frame: Omit<Frame, 'heightPx'>,
  items: readonly BarsOfLabel[],
  { kinds, tell }: { readonly kinds: readonly string[]; readonly tell: (value: number) => string },
): string {
  const finite = items.flatMap(({ values }) => values).filter(Number.isFinite);
  const x = scale(extent([0, ...finite]), [bar.left, bar.right]);
  const stepPx = bar.labelPx + kinds.length * bar.heightPx + bar.gapPx;
  const parts = items.flatMap(({ label, values }, i) => [
    text([0, i * stepPx + bar.labelPx - 5], shortened(label, longestLabel)),
    ...kinds.map((kind, at) => {
      const value = values[at] ?? Number.NaN;
      const [from, to] = [x(Math.min(0, value)), x(Math.max(0, value))];
      const y = i * stepPx + bar.labelPx + at * bar.heightPx;
      const told = {
        x: across(Number.isFinite(value) ? to : x(0)),
        dx: 5,
        y: y + bar.heightPx - 3,
      };
      const size = { width: across(to - from), height: bar.heightPx - 1 };
      const drawn = Number.isFinite(value)
        ? element('rect', { class: kind, x: across(from), y, ...size })
        : '';
      return drawn + element('text', told, escaped(tell(value)));
    }),
  ]);
  return picture({ ...frame, heightPx: items.length * stepPx }, parts);
}

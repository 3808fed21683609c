/** The measures against smclarify's on random tables; how they were drawn: oracle/make.py. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { analyzeBias } from './analyze.ts';
import { type BiasColumn, columnOfNumbers, columnOfTexts } from './column.ts';
import type { FacetBias } from './config.ts';
import type { BiasValue } from './select.ts';

type Cell = string | number | null;
type Expected = readonly (readonly [string, Record<string, number | string | null>])[];

interface Case {
  readonly columns: Readonly<Record<string, readonly Cell[]>>;
  readonly labelValues: readonly BiasValue[];
  readonly facetValues: readonly BiasValue[] | null;
  readonly labelText: string;
  readonly pre: Expected;
  readonly post: Expected | null;
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`./oracle/${name}`, import.meta.url), 'utf8')) as Case[];

/** JSON drops the point of 3.0: the drawn columns with decimals have some value that keeps it. */
function columnOf(cells: readonly Cell[]): BiasColumn {
  if (cells.some((cell) => typeof cell === 'string')) {
    return columnOfTexts(cells.map((cell) => (cell === null ? undefined : String(cell))));
  }
  return columnOfNumbers(Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : +cell)));
}

function tableOf(one: Case): Map<string, BiasColumn> {
  return new Map(Object.entries(one.columns).map(([name, cells]) => [name, columnOf(cells)]));
}

/** An interval without its end, the largest value: dropped rows count for it here only. */
const start = (text: string) => text.replace(/, [^,]*\]$/, '');

/** Differences of more than 12 significant digits, or of 1e-15, as texts. */
function differences(found: readonly FacetBias[], expected: Expected): string[] {
  const wrong: string[] = [];
  if (found.length !== expected.length) wrong.push(`${found.length} of ${expected.length} values`);
  // Values come in order of appearance, in which rows that are dropped count here only.
  expected.forEach(([text, metrics]) => {
    const facet = found.find((one) => start(one.valueOrThreshold) === start(text));
    if (facet === undefined) return void wrong.push(`there is no ${text}`);
    for (const metric of facet.metrics) {
      const wanted = metrics[metric.name];
      if (wanted === 'tie') continue;
      const value = typeof wanted === 'string' ? Number(wanted) : wanted;
      const isSame =
        value === metric.value ||
        (typeof value === 'number' &&
          metric.value !== null &&
          Math.abs(value - metric.value) <= 1e-15 + 1e-12 * Math.abs(value));
      if (!isSame) wrong.push(`${text} ${metric.name}: ${metric.value} is not ${wanted}`);
    }
  });
  return wrong;
}

test.each(['cases-1.json', 'cases-2.json'])('random tables of %s: as smclarify says', (name) => {
  const cases = read(name);
  expect(cases.length).toBe(120);
  const wrong: string[] = [];
  cases.forEach((one, at) => {
    const hasGroup = one.columns['group'] !== undefined;
    const analysis = analyzeBias(tableOf(one), {
      label: 'label',
      labelValues: one.labelValues,
      predictedLabel: 'predicted',
      facets: [{ name: 'facet', ...(one.facetValues ? { values: one.facetValues } : {}) }],
      ...(hasGroup ? { groupVariable: 'group' } : {}),
      typing: 'original',
      resamples: 0,
    });
    if (!analysis.ok) return void wrong.push(`case ${at}: ${analysis.reason}`);
    const { preTraining = [], postTraining = [], labelValueOrThreshold } = analysis.value;
    if (start(labelValueOrThreshold) !== start(one.labelText)) {
      wrong.push(`case ${at}: ${labelValueOrThreshold} is not ${one.labelText}`);
    }
    wrong.push(...differences(preTraining, one.pre).map((text) => `case ${at}: ${text}`));
    // Where the original refuses the stage because no row is predicted positive, all are null.
    const values = postTraining.flatMap((facet) => facet.metrics.map((metric) => metric.value));
    if (one.post === null) {
      if (values.some((value) => value !== null)) wrong.push(`case ${at}: not refused`);
    } else {
      wrong.push(...differences(postTraining, one.post).map((text) => `case ${at}: ${text}`));
    }
  });
  expect(wrong).toEqual([]);
});

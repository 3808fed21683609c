/**
 * The analysis of bias: from a table and what is asked of it to the measures of every facet. Reads
 * the rows once per facet value; everything but the flip test comes from the counts.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { seededRandom } from '../../kernel/random.ts';
import { type BiasTable, codesOf, rowsOf } from './column.ts';
import type { BiasAnalysis, BiasConfig, BiasMetric, FacetBias } from './config.ts';
import { type Cells, cellsOf, type Margins, marginsOf, tally } from './counts.ts';
import { columnNamed, type Facet, facetsOf } from './facets.ts';
import { FLIP_TEST_WORK_MAX, type FlipTest, flipTest, flipTestValue } from './flip-test.ts';
import { intervalsOf } from './intervals.ts';
import { type Measure, measureNamed, measures, type Stage } from './measures.ts';
import { INSIDE, MISSING, OUTSIDE, type Selection, select } from './select.ts';

/** Different values of a group variable. */
export const GROUPS_MAX = 100_000;
export const RESAMPLES_MAX = 10_000;
const RESAMPLES = 200;
const CONFIDENCE_01 = 0.95;

/** Everything of the table that all facets share. */
interface Prepared {
  readonly table: BiasTable;
  readonly config: BiasConfig;
  readonly label: Selection;
  readonly predicted: Selection | undefined;
  readonly cells: Cells;
  readonly withGroups: boolean;
  readonly pre: readonly Measure[];
  readonly post: readonly Measure[];
  /** Why no post-training measure has a value. */
  readonly noPositive: boolean;
  /** Each once, in order. */
  readonly notes: Set<string>;
}

/**
 * Refuses, naming the column or field, what cannot be computed at all: unknown columns or measures,
 * a threshold on text, a continuous facet without one. A measure that cannot be computed has the
 * value null and an error; rows without facet or label are left out and counted.
 */
export function analyzeBias(table: BiasTable, config: BiasConfig): Outcome<BiasAnalysis> {
  const refused = checkConfig(config);
  if (refused !== undefined) return refuse(refused);
  const prepared = prepare(table, config);
  if (!prepared.ok) return prepared;
  const one = prepared.value;
  const facets = facetsOf(table, config, config.typing ?? 'steady');
  if (!facets.ok) return facets;
  const results = facets.value.map((facet) => analyzeFacet(one, facet));
  const withoutPrediction = one.predicted ? countOf(one.predicted.rows, MISSING) : 0;
  const withoutLabel = countOf(one.label.rows, MISSING);
  if (withoutPrediction > 0) {
    one.notes.add(`${withoutPrediction} rows without a prediction are left out after training.`);
  }
  return ok({
    label: config.label,
    labelValueOrThreshold: one.label.text,
    ...(one.pre.length > 0 ? { preTraining: results.map((result) => result.pre) } : {}),
    ...(one.post.length > 0 ? { postTraining: results.map((result) => result.post) } : {}),
    rows: one.label.rows.length,
    withoutLabel,
    withoutPrediction,
    notes: [...one.notes],
  });
}

function checkConfig(config: BiasConfig): string | undefined {
  const {
    resamples = RESAMPLES,
    confidence01 = CONFIDENCE_01,
    probabilityThreshold = 0.5,
  } = config;
  if (!Number.isInteger(resamples) || resamples < 0 || resamples > RESAMPLES_MAX) {
    return `resamples must be a whole number from 0 to ${RESAMPLES_MAX}, not ${resamples}`;
  }
  if (!(confidence01 > 0 && confidence01 < 1)) {
    return `confidence must be between 0 and 1, not ${confidence01}`;
  }
  if (Number.isNaN(probabilityThreshold)) return 'probability threshold must be a number';
  const answers = [config.label, config.predictedLabel, config.score];
  const twice = config.facets.find((facet) => answers.includes(facet.name));
  return twice && `facet "${twice.name}" is also the label, the prediction or the score`;
}

function prepare(table: BiasTable, config: BiasConfig): Outcome<Prepared> {
  const typing = config.typing ?? 'steady';
  const column = columnNamed(table, config.label, 'label');
  if (!column.ok) return column;
  const lengths = new Set([...table.values()].map(rowsOf));
  if (lengths.size > 1) return refuse('the columns of the data differ in length');
  if (rowsOf(column.value) === 0) return refuse('the data has no rows');
  const what = `label "${config.label}"`;
  const choice = { what, values: config.labelValues, scale: config.labelScale, typing };
  const label = select(column.value, choice);
  if (!label.ok) return label;
  if (label.value.rows.every((row) => row === MISSING)) {
    return refuse(`label "${config.label}" has no value in any row`);
  }
  const predicted = predictions(table, config, label.value);
  if (!predicted.ok) return predicted;
  const asked = askedMeasures(config, predicted.value !== undefined);
  if (!asked.ok) return asked;
  for (const name of config.features ?? []) {
    const feature = columnNamed(table, name, 'feature');
    if (!feature.ok) return feature;
  }
  const groups = groupsOf(table, config);
  if (!groups.ok) return groups;
  const notes = notesOn(config, label.value, groups.value);
  const noPositive = predicted.value !== undefined && !predicted.value.rows.includes(INSIDE);
  if (noPositive) notes.add('No row is predicted positive: no post-training measure has a value.');
  const cells = cellsOf({ label: label.value, predicted: predicted.value, groups: groups.value });
  return ok({
    ...{ table, config, label: label.value, predicted: predicted.value, noPositive, cells, notes },
    ...asked.value,
    withGroups: groups.value !== undefined,
  });
}

function notesOn(
  config: BiasConfig,
  label: Selection,
  groups: { readonly tooMany: boolean } | undefined,
): Set<string> {
  const notes = new Set<string>();
  const missing = countOf(label.rows, MISSING);
  if (missing > 0) notes.add(`${missing} rows without a label are left out.`);
  const positive = countOf(label.rows, INSIDE);
  if (positive === 0) notes.add(`No row has a positive label (${config.labelValues.join(', ')}).`);
  if (positive === label.rows.length - missing) notes.add('Every row has a positive label.');
  if (groups?.tooMany) {
    notes.add(`Group variable "${config.groupVariable}" has more than ${GROUPS_MAX} values.`);
  }
  return notes;
}

function predictions(
  table: BiasTable,
  config: BiasConfig,
  label: Selection,
): Outcome<Selection | undefined> {
  const typing = config.typing ?? 'steady';
  if (config.predictedLabel !== undefined) {
    const column = columnNamed(table, config.predictedLabel, 'predicted label');
    if (!column.ok) return column;
    const what = `predicted label "${config.predictedLabel}"`;
    const atMost = label.scale === 'continuous' ? Number.POSITIVE_INFINITY : undefined;
    return select(column.value, {
      ...{ what, values: config.labelValues, scale: label.scale, typing },
      ...(atMost === undefined ? {} : { atMost }),
    });
  }
  if (config.score === undefined) return ok(undefined);
  const column = columnNamed(table, config.score, 'score');
  if (!column.ok) return column;
  if (column.value.kind !== 'numbers') {
    return refuse(`score "${config.score}" holds text such as "${column.value.dictionary[0]}"`);
  }
  const threshold = config.probabilityThreshold ?? 0.5;
  // The predicted label is 1 above the threshold and 0 below: where 0 is the positive label, and 1
  // is not, the rows below are the positive ones.
  const values = config.labelValues.map(Number);
  const isInverted = label.scale === 'categorical' && values.includes(0) && !values.includes(1);
  const [above, below] = isInverted ? [OUTSIDE, INSIDE] : [INSIDE, OUTSIDE];
  const rows = Uint8Array.from(column.value.values, (score) =>
    score !== score ? MISSING : score > threshold ? above : below,
  );
  return ok({ rows, scale: 'categorical', text: label.text });
}

function askedMeasures(
  config: BiasConfig,
  isPredicted: boolean,
): Outcome<{ readonly pre: readonly Measure[]; readonly post: readonly Measure[] }> {
  const { methods } = config;
  const fallback = methods === undefined ? 'all' : [];
  const pre = namesOf('pre_training', methods?.preTraining ?? fallback);
  if (!pre.ok) return pre;
  const wanted = methods?.postTraining ?? (isPredicted ? fallback : []);
  const post = namesOf('post_training', wanted);
  if (!post.ok) return post;
  if (post.value.length > 0 && !isPredicted) {
    return refuse('post-training measures need a predicted label or a score');
  }
  if (pre.value.length + post.value.length === 0) return refuse('no measure is asked for');
  return ok({ pre: pre.value, post: post.value });
}

function namesOf(stage: Stage, asked: 'all' | readonly string[]): Outcome<readonly Measure[]> {
  const known = measures.filter((measure) => measure.stage === stage);
  if (asked === 'all' || (asked.length === 1 && asked[0] === 'all')) return ok(known);
  const wanted = new Set<Measure | undefined>();
  for (const name of asked) {
    const measure = measureNamed(name);
    if (measure?.stage !== stage) {
      const names = known.map((one) => one.name).join(', ');
      return refuse(`"${name}" is not a ${stage} measure; there are ${names}`);
    }
    wanted.add(measure);
  }
  return ok(known.filter((measure) => wanted.has(measure)));
}

interface Groups {
  readonly codes: Int32Array;
  readonly count: number;
  readonly tooMany: boolean;
}

function groupsOf(table: BiasTable, config: BiasConfig): Outcome<Groups | undefined> {
  if (config.groupVariable === undefined) return ok(undefined);
  const column = columnNamed(table, config.groupVariable, 'group variable');
  if (!column.ok) return column;
  const coded = codesOf(column.value, GROUPS_MAX);
  if (coded) return ok({ codes: coded.codes, count: coded.names.length, tooMany: false });
  const none = new Int32Array(rowsOf(column.value)).fill(-1);
  return ok({ codes: none, count: 0, tooMany: true });
}

function analyzeFacet(one: Prepared, facet: Facet): { pre: FacetBias; post: FacetBias } {
  const rows = facet.rows();
  const missing = countOf(rows, MISSING);
  const name = `Facet "${facet.facet}"`;
  if (missing > 0) one.notes.add(`${name}: ${missing} rows without a value are left out.`);
  const counts = tally(one.cells, rows);
  const margins = marginsOf(counts, one.cells.groups, one.withGroups);
  const flips = flipsOf(one, facet, rows);
  if (flips?.ok && flips.value.sampled01 < 1) {
    const percent = (100 * flips.value.sampled01).toFixed(1);
    one.notes.add(`${name}: the flip test compares a sample of ${percent} % of the rows.`);
  }
  const { intervals, isGrouped } = intervalsOf({
    ...{ counts, groups: one.cells.groups, withGroups: one.withGroups },
    ...{ measures: [...one.pre, ...one.post], flips: flips?.ok ? flips.value : undefined },
    resamples: one.config.resamples ?? RESAMPLES,
    confidence01: one.config.confidence01 ?? CONFIDENCE_01,
    random: seededRandom(one.config.seed ?? 1),
  });
  if (one.withGroups && !isGrouped) {
    one.notes.add('CDDL and CDDPL have too many groups for an interval.');
  }
  const metric = (measure: Measure): BiasMetric => {
    const { name: short, description, stage } = measure;
    const value =
      stage === 'post_training' && one.noPositive ? NO_POSITIVE : of(measure, margins, flips);
    if (!value.ok) return { name: short, description, value: null, error: value.reason };
    const interval = intervals.get(short);
    return { name: short, description, value: value.value, ...(interval ? { interval } : {}) };
  };
  const { labelA, labelD, a, d } = margins;
  const about = { facet: facet.facet, valueOrThreshold: facet.text };
  return {
    pre: {
      ...{ ...about, disadvantaged: labelD[0] + labelD[1], advantaged: labelA[0] + labelA[1] },
      metrics: one.pre.map(metric),
    },
    post: {
      ...about,
      disadvantaged: d.tp + d.fp + d.fn + d.tn,
      advantaged: a.tp + a.fp + a.fn + a.tn,
      metrics: one.post.map(metric),
    },
  };
}

const NO_POSITIVE = refuse('no row is predicted positive');

type Flips = Outcome<FlipTest> | undefined;

function of(measure: Measure, margins: Margins, flips: Flips): Outcome<number> {
  if (measure.of) return measure.of(margins);
  if (flips === undefined) return refuse('there are no predictions');
  return flips.ok ? ok(flipTestValue(flips.value)) : flips;
}

function flipsOf(one: Prepared, facet: Facet, rows: Uint8Array): Flips {
  const { config, predicted } = one;
  const isAsked = one.post.some((measure) => measure.of === undefined) && !one.noPositive;
  if (!isAsked || predicted === undefined) return undefined;
  const others = [config.label, config.predictedLabel, config.score, ...facet.columns];
  const features =
    config.features ?? [...one.table.keys()].filter((name) => !others.includes(name));
  return flipTest({
    ...{ table: one.table, features, facet: rows },
    ...{ label: one.label.rows, predicted: predicted.rows },
    workMax: config.flipTestWorkMax ?? FLIP_TEST_WORK_MAX,
    seed: config.seed ?? 1,
  });
}

function countOf(rows: Uint8Array, kind: number): number {
  let found = 0;
  for (let row = 0; row < rows.length; row++) if (rows[row] === kind) found++;
  return found;
}

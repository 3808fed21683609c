/** The measures of bias of a data set: which columns take part, and the predictions they need. */
import { analyzeBias } from '../../engines/fairness/analyze.ts';
import type { BiasTable, Scale } from '../../engines/fairness/column.ts';
import type { BiasAnalysis, BiasConfig } from '../../engines/fairness/config.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { ClarifyConfig } from './config.ts';
import type { Dataset } from './dataset.ts';

/** A data set with what the model said of its rows, where anything is known of it. */
export interface Judged {
  readonly dataset: Dataset;
  /** Names of columns; one of them, or neither. */
  readonly predictedLabel: string | undefined;
  readonly score: string | undefined;
  readonly notes: readonly string[];
}

export interface BiasRequest {
  readonly config: ClarifyConfig;
  readonly judged: Judged;
  readonly probabilityThreshold: number;
  /** How the baseline read its facets, for a run that is held against one. */
  readonly scales?: ReadonlyMap<string, Scale>;
}

/** Undefined when no method of bias is asked for. */
export function biasOf(request: BiasRequest): Outcome<BiasAnalysis | undefined> {
  const { config, judged } = request;
  const { preTrainingBias, postTrainingBias } = config.methods;
  if (!preTrainingBias && !postTrainingBias) return ok(undefined);
  const asked = biasConfigOf(request);
  if (!asked.ok) return asked;
  const analysis = analyzeBias(tableOf(judged), asked.value);
  if (!analysis.ok) return refuse(`bias: ${analysis.reason}`);
  const notes = [...judged.notes, ...judged.dataset.notes, ...analysis.value.notes];
  return ok({ ...analysis.value, notes });
}

function biasConfigOf(request: BiasRequest): Outcome<BiasConfig> {
  const { config, judged, probabilityThreshold, scales } = request;
  const { preTrainingBias, postTrainingBias } = config.methods;
  const { label, facets, group } = judged.dataset;
  if (label === undefined) {
    return refuse('label is missing from analysis_config: bias compares labels');
  }
  if (config.labelValues === undefined) {
    return refuse('label_values_or_threshold is missing from analysis_config');
  }
  return ok({
    label,
    labelValues: config.labelValues,
    ...(judged.predictedLabel === undefined ? {} : { predictedLabel: judged.predictedLabel }),
    ...(judged.score === undefined ? {} : { score: judged.score }),
    probabilityThreshold,
    facets: facets.map((name, at) => {
      const values = config.facets[at]?.values;
      const scale = scales?.get(name);
      return { name, ...(values ? { values } : {}), ...(scale ? { scale } : {}) };
    }),
    intersections: config.extras.intersections,
    ...(group === undefined ? {} : { groupVariable: group }),
    methods: {
      ...(preTrainingBias ? { preTraining: preTrainingBias } : {}),
      ...(postTrainingBias ? { postTraining: postTrainingBias } : {}),
    },
  });
}

/** Features, labels, facets: no identifying column, whose numbers would make neighbours. */
function tableOf({ dataset, predictedLabel, score }: Judged): BiasTable {
  const wanted = new Set([
    ...dataset.features,
    ...dataset.facets,
    dataset.label,
    dataset.group,
    predictedLabel,
    score,
  ]);
  return new Map([...dataset.columns].filter(([name]) => wanted.has(name)));
}

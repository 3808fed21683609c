/** What a run of a schedule says of its window, held against a baseline. */
import { readExplanations } from '../../engines/attribution/document.ts';
import { attributionDrift } from '../../engines/attribution/drift.ts';
import { reportParts } from '../../engines/attribution/report-parts.ts';
import type { BiasAnalysis } from '../../engines/fairness/config.ts';
import { documentOf, parseAnalysis } from '../../engines/fairness/documents.ts';
import { biasViolations, formatBiasViolations } from '../../engines/fairness/drift.ts';
import { biasReport } from '../../engines/fairness/report-parts.ts';
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import type { AnalysisResult, FileContent } from '../processing/analysis.ts';
import type { ClarifyConfig } from './config.ts';
import { biasMetrics, shapMetrics } from './metrics.ts';
import { explanationReport } from './report.ts';
import type { ShapResult } from './shap.ts';

const violationsFile = 'constraint_violations.json';

interface Judging {
  readonly files: Readonly<Record<string, FileContent>>;
  readonly config: ClarifyConfig;
  /** An `analysis.json`; without it nothing is judged, which the report says. */
  readonly baselineText: string | undefined;
}

export function judgeBias({
  analysis,
  files,
  config,
  baselineText,
}: Judging & { readonly analysis: BiasAnalysis }): Outcome<AnalysisResult> {
  const parsed = baselineText === undefined ? undefined : parseAnalysis(baselineText);
  if (parsed && !parsed.ok) return refuse(`the baseline constraints: ${parsed.reason}`);
  const metrics = biasMetrics(analysis);
  if (!parsed) return ok({ files, violations: 0, metrics, report: biasReport({ analysis }) });
  const baseline = parsed.value;
  const options = { distanceFromParity: config.extras.parityDistance };
  const violations = biasViolations(documentOf(analysis), baseline, options);
  return ok({
    files: withViolations(files, violations.length, () => formatBiasViolations(violations)),
    violations: violations.length,
    metrics,
    report: biasReport({ analysis, baseline, violations, options }),
  });
}

export function judgeShap({
  shap,
  files,
  config,
  baselineText,
}: Judging & { readonly shap: ShapResult }): Outcome<AnalysisResult> {
  const { kernelShap, notes } = shap;
  const rows = shap.places.length;
  const metrics = shapMetrics(kernelShap);
  if (baselineText === undefined) {
    const said = [...notes, 'There is no baseline to compare with.'];
    const report = explanationReport({ rows, kernelShap, pdp: undefined, notes: said });
    return ok({ files, violations: 0, metrics, report });
  }
  const document = parsedJson(baselineText);
  if (!document.ok) return document;
  const baseline = readExplanations(document.value);
  if (!baseline.ok) return refuse(`the baseline constraints: ${baseline.reason}`);
  const drift = attributionDrift(baseline.value.kernelShap, kernelShap, {
    threshold: config.extras.ndcgThreshold,
  });
  if (!drift.ok) return refuse(`the baseline constraints: ${drift.reason}`);
  const { violations } = drift.value;
  const text = () => JSON.stringify({ version: '1.0', violations }, undefined, 4);
  const said = [...notes, ...baseline.value.notes];
  const parts = reportParts({ drift: drift.value, live: kernelShap, rows, notes: said });
  return ok({
    files: withViolations(files, violations.length, text),
    violations: violations.length,
    metrics,
    report: { ...parts, monitor: 'Feature attribution', rows, comparisons: [] },
  });
}

/** No file is written when there is nothing to say in it. */
function withViolations(
  files: Judging['files'],
  count: number,
  text: () => string,
): Judging['files'] {
  return count === 0 ? files : { ...files, [violationsFile]: text() };
}

function parsedJson(text: string): Outcome<unknown> {
  try {
    return ok(JSON.parse(text));
  } catch (cause) {
    return refuse(`the baseline constraints: not JSON: ${reasonOf(cause)}`);
  }
}

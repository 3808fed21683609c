/**
 * The built-in model-quality analysis of a processing job: its environment and its inputs under the
 * container contract, its documents and metrics. The work itself is done by `ModelQualityTasks`,
 * which may run elsewhere.
 */
import { readFile, stat } from 'node:fs/promises';
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import type { Clock } from '../../kernel/clock.ts';
import { type Outcome, ok } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { joinReportName } from '../ground-truth/merger.ts';
import type { AnalysisInputs, Analyze } from '../processing/analysis.ts';
import {
  distributionsName,
  type ModelQualityOptions,
  type ModelQualityRequest,
  type ModelQualityResult,
} from './analyze.ts';

/** The heavy work, in plain data, so that it can be sent to another thread. */
export interface ModelQualityTasks {
  analyze(request: ModelQualityRequest, options: Abortable): Promise<Outcome<ModelQualityResult>>;
}

export interface ModelQualityAnalyzerParts {
  readonly clock: Clock;
  readonly tasks: ModelQualityTasks;
  readonly options?: ModelQualityOptions;
}

/** Of documents beside others, which the analysis can do without. */
const largestDocumentBytes = 16 * 1024 * 1024;

export function makeModelQualityAnalyzer(parts: ModelQualityAnalyzerParts): Analyze {
  return async (job, inputs, options) => {
    const request = await requestOf(job, inputs, parts);
    const files = request.files.length;
    options.say(`measuring the labelled predictions of ${files} file${files === 1 ? '' : 's'}`);
    const result = await parts.tasks.analyze(request, options);
    if (!result.ok) return result;
    const { violations, metrics, report } = result.value;
    options.say(report.summary);
    for (const note of report.notes) options.say(note);
    return ok({ files: result.value.files, violations: violations.length, metrics, report });
  };
}

async function requestOf(
  job: ProcessingJobRow,
  inputs: AnalysisInputs,
  { clock, options }: ModelQualityAnalyzerParts,
): Promise<ModelQualityRequest> {
  const { monitoring, plan } = job;
  const distributions = await besideConstraints(job, inputs);
  const joined = monitoring && (await joinedBefore(monitoring, inputs));
  return {
    files: inputs.dataset.map(({ path, uri }) => ({ path, name: uri })),
    environment: plan.environment,
    evaluatedAtMs: clock.nowMs(),
    ...(monitoring
      ? { window: { startMs: monitoring.windowStartMs, endMs: monitoring.windowEndMs } }
      : {}),
    ...(inputs.constraintsText === undefined
      ? {}
      : { baselineConstraintsText: inputs.constraintsText }),
    ...(distributions === undefined ? {} : { baselineDistributionsText: distributions }),
    ...(joined ? { joined } : {}),
    ...(options ? { options } : {}),
  };
}

/** A baseline of this server leaves its distributions in the folder of its constraints. */
async function besideConstraints(
  { plan }: ProcessingJobRow,
  inputs: AnalysisInputs,
): Promise<string | undefined> {
  const path = plan.environment['baseline_constraints'];
  const input = plan.inputs.find(
    ({ localPath }) => path === localPath || path?.startsWith(`${localPath}/`),
  );
  if (!input) return undefined;
  const isFile = input.uri.endsWith('.json');
  const folder = isFile ? input.uri.slice(0, input.uri.lastIndexOf('/')) : input.uri;
  return textAt(`${folder.replace(/\/+$/, '')}/${distributionsName}`, inputs);
}

/** What the merge of this very run counted; another run's may have taken its place. */
async function joinedBefore(
  { captureUri, executionId, fileSuffix }: NonNullable<ProcessingJobRow['monitoring']>,
  inputs: AnalysisInputs,
): Promise<ModelQualityRequest['joined']> {
  if (fileSuffix === undefined) return undefined;
  const text = await textAt(`${captureUri.replace(/\/+$/, '')}/${joinReportName}`, inputs);
  if (text === undefined) return undefined;
  const { execution, captured, matched } = memberOf(text);
  if (execution !== executionId) return undefined;
  return { captured: Number(captured), matched: Number(matched) };
}

/** A document that others may have written over, and the analysis can do without. */
function memberOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(text)) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

/** Undefined when there is no such object, or it is far larger than the document would be. */
async function textAt(uri: string, inputs: AnalysisInputs): Promise<string | undefined> {
  const found = await inputs.filesAt(uri);
  const [file] = found.ok ? found.value : [];
  if (!file || (await stat(file.path)).size > largestDocumentBytes) return undefined;
  return readFile(file.path, 'utf8');
}

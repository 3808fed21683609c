/**
 * The built-in merge of a monitoring run: takes the labels and the captured records of its window,
 * and says in `join_report.json` what joined and what did not. A window without a single match is
 * refused: an analysis of nothing would look like good news.
 */
import type { JoinReport, Tally } from '../../engines/labels/join.ts';
import type { MonitoringOfJob, ProcessingJobRow } from '../../engines/processing/rows.ts';
import { hourFolder, hoursIn } from '../../kernel/hours.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Abortable } from '../../ports/metadata-store.ts';
import { type DatasetFormat, parseDatasetFormat } from '../data-quality/format.ts';
import type { AnalysisInputs, Analyze, InputFile } from '../processing/analysis.ts';
import type { Batch, Merged, MergeRequest } from './merge.ts';

/** The heavy work, in plain data, so that it can be sent to another thread. */
export interface GroundTruthTasks {
  merge(request: MergeRequest, options: Abortable): Promise<Outcome<Merged>>;
}

/** Of the last merge: schedules of one endpoint that share an output write it in turn. */
export const joinReportName = 'join_report.json';

/** Of one run alone. */
export function joinReportOf(executionId: string): string {
  return `join_reports/${executionId}.json`;
}

export function makeGroundTruthMerger({ tasks }: { readonly tasks: GroundTruthTasks }): Analyze {
  return async (job, inputs, options) => {
    const { monitoring } = job;
    if (!monitoring) return refuse('labels are merged in runs of monitoring schedules alone');
    const request = requestOf(job, monitoring, inputs);
    if (!request.ok) return request;
    const labels = inputs.groundTruth?.length ?? 0;
    options.say(`merging the labels of ${labels} files into ${inputs.dataset.length} files`);
    const merged = await tasks.merge(request.value, options);
    if (!merged.ok) return merged;
    const { report, files } = merged.value;
    for (const line of sayings(report)) options.say(line);
    if (report.matched === 0) return refuse(nothingJoined(report, monitoring, inputs));
    const text = `${JSON.stringify(documentOf(report, monitoring, inputs), null, 2)}\n`;
    const reports = { [joinReportName]: text, [joinReportOf(monitoring.executionId)]: text };
    return ok({ files: { ...files, ...reports }, violations: 0, metrics: [] });
  };
}

function requestOf(
  { plan }: ProcessingJobRow,
  monitoring: MonitoringOfJob,
  { dataset, groundTruth = [] }: AnalysisInputs,
): Outcome<MergeRequest> {
  const format = plan.environment['dataset_format'];
  const parsed = format === undefined ? undefined : parseDatasetFormat(format);
  if (parsed && !parsed.ok) return parsed;
  const batch = parsed && batchOf(parsed.value);
  if (batch && !batch.ok) return batch;
  const named = ({ path, uri }: InputFile) => ({ path, name: uri });
  return ok({
    captured: dataset.map((file) => ({ ...named(file), output: outputOf(file, monitoring) })),
    labels: groundTruth.map(named),
    between: { startMs: monitoring.windowStartMs, endMs: monitoring.windowEndMs },
    ...(batch?.value ? { batch: batch.value } : {}),
  });
}

/** Undefined for captured records. */
function batchOf(format: DatasetFormat): Outcome<Batch | undefined> {
  const { kind } = format;
  if (kind === 'capture') return ok(undefined);
  if (kind === 'parquet') return refuse('labels cannot be merged into Parquet files');
  return ok({ kind, header: kind === 'csv' && format.header });
}

/** One file for each hour of each variant; data of batches is put under the window's first hour. */
function outputOf({ uri }: InputFile, monitoring: MonitoringOfJob): string {
  const folder = `${monitoring.captureUri.replace(/\/+$/, '')}/`;
  const relative = uri.startsWith(folder) ? uri.slice(folder.length) : uri;
  const [, variant = '', hour] = /^([^/]+\/)?(\d{4}(?:\/\d{2}){3})\/[^/]+$/.exec(relative) ?? [];
  const at = hour === undefined ? hourFolder(monitoring.windowStartMs) : `${variant}${hour}`;
  return `${at}/part-00000-${monitoring.executionId}.c000.jsonl`;
}

function documentOf(
  report: JoinReport,
  monitoring: MonitoringOfJob,
  { dataset, groundTruth = [] }: AnalysisInputs,
): object {
  return {
    version: 0,
    execution: monitoring.executionId,
    window: [iso(monitoring.windowStartMs), iso(monitoring.windowEndMs)],
    files: { captured: dataset.length, labels: groundTruth.length },
    ...report,
  };
}

function sayings(report: JoinReport): readonly string[] {
  const { captured, matched, labels } = report;
  const tallies: readonly (readonly [string, Tally])[] = [
    ['captured records without a label', report.unmatchedCaptured],
    ['labels without a captured record', report.labelsWithoutCaptured],
    ['labels whose id had one before', report.duplicateIds],
    ['labels that contradict the one before', report.contradictory],
    ['captured records whose id another had', report.reusedIds],
    ['labels that cannot be read', report.malformedLabels],
    ['captured records that cannot be read', report.malformedCaptured],
  ];
  const found = tallies.filter(([, { count }]) => count > 0);
  return [
    `${matched} of ${captured} captured records have one of ${labels} labels`,
    ...found.map(([what, { count, examples }]) => `${count} ${what}: ${examples.join('; ')}`),
  ];
}

const iso = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');

/** Looked into for labels: the window's hours, and those since until the run. */
function labelFolders(monitoring: MonitoringOfJob): string {
  const { windowStartMs, windowEndMs, scheduledAtMs, groundTruthUri = '' } = monitoring;
  const hours = hoursIn(windowStartMs, Math.max(windowEndMs, scheduledAtMs)).map(hourFolder);
  const [first = '', last = first] = [hours[0], hours.at(-1)];
  const folder = groundTruthUri.replace(/\/+$/, '');
  return first === last ? `${folder}/${first}/` : `${folder}/${first}/ to ${last}/`;
}

function nothingJoined(
  report: JoinReport,
  monitoring: MonitoringOfJob,
  { dataset, groundTruth = [] }: AnalysisInputs,
): string {
  const { windowStartMs, windowEndMs, captureUri } = monitoring;
  const window = `from ${iso(windowStartMs)} until ${iso(windowEndMs)}`;
  const bad = (what: string, { count, examples: [first] }: Tally) =>
    count === 0 ? '' : `; ${count} ${what} cannot be read: ${first ?? ''}`;
  const captured =
    `${report.captured} captured records ${window} in ${dataset.length} files of ${captureUri}` +
    bad('captured records', report.malformedCaptured);
  const labels =
    `${report.labels} labels in ${groundTruth.length} files of ${labelFolders(monitoring)}` +
    bad('labels', report.malformedLabels);
  if (report.captured === 0) return `Job inputs had no data: ${captured}; ${labels}`;
  if (report.labels === 0) return `Job inputs had no labels: ${labels}; ${captured}`;
  return (
    'No label has the id of a captured record, which is its inferenceId or else its eventId. ' +
    `Captured: ${report.unmatchedCaptured.examples.join(', ')}. ` +
    `Labels: ${report.labelsWithoutCaptured.examples.join(', ')}. ` +
    `There are ${captured}; ${labels}`
  );
}

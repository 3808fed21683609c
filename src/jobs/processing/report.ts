/** The page of a finished analysis, with the course of its figures over the runs before it. */
import { executions } from '../../engines/monitoring/rows.ts';
import type { ProcessingJobRow } from '../../engines/processing/rows.ts';
import type { ReportBody } from '../../engines/report/body.ts';
import { mostTrends, type PastRun, renderMonitorPage } from '../../engines/report/page.ts';
import type { Reader } from '../../ports/metadata-store.ts';

export const reportName = 'report.html';

/** Runs that a course goes back. */
const mostPast = 30;

export async function reportPage(
  job: ProcessingJobRow,
  body: ReportBody,
  { store, nowMs }: { readonly store: Reader; readonly nowMs: number },
): Promise<string> {
  const { monitoring } = job;
  const subject = monitoring?.endpointName ?? monitoring?.scheduleName ?? job.name;
  const atMs = monitoring?.scheduledAtMs ?? nowMs;
  return renderMonitorPage({
    body,
    title: `${body.monitor} of ${subject}`,
    facts: factsOf(job, body, nowMs),
    atMs,
    past: monitoring ? await pastRuns(job, store) : [],
  });
}

/** What later reports need of this one: as many figures as they draw. */
export function figuresOf({ figures }: ReportBody): Readonly<Record<string, number>> {
  const finite = figures.filter(({ value }) => Number.isFinite(value));
  return Object.fromEntries(finite.slice(0, mostTrends).map(({ name, value }) => [name, value]));
}

const isoMinutes = (ms: number) =>
  `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

function factsOf(
  { monitoring, name, plan }: ProcessingJobRow,
  { rows }: ReportBody,
  nowMs: number,
): readonly (readonly [string, string])[] {
  const baseline = plan.inputs.find((input) => input.name === 'constraints')?.uri;
  const window = monitoring && [monitoring.windowStartMs, monitoring.windowEndMs].map(isoMinutes);
  return [
    ...(window ? [['Window', `${window[0]} to ${window[1]}`] as const] : []),
    ['Rows', rows.toLocaleString('en-US')],
    ...(monitoring ? [['Schedule', monitoring.scheduleName] as const] : []),
    ...(baseline === undefined ? [] : [['Baseline', baseline] as const]),
    ['Job', name],
    ['Made', isoMinutes(nowMs)],
  ];
}

/** Oldest first. Those of an earlier schedule of the same name are told apart by its ARN alone. */
async function pastRuns({ monitoring }: ProcessingJobRow, store: Reader) {
  if (!monitoring) return [];
  const { scheduleKey, executionKey, scheduledAtMs } = monitoring;
  const newest = await store.list(executions, {
    prefix: `${scheduleKey}/`,
    limit: mostPast + 1,
    descending: true,
  });
  const past: PastRun[] = [];
  for (const { key, row } of newest) {
    if (key === executionKey || row.scheduledAtMs >= scheduledAtMs || !row.figures) continue;
    past.push({ atMs: row.scheduledAtMs, figures: row.figures });
  }
  return past.slice(0, mostPast).reverse();
}

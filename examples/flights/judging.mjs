/**
 * What the three monitors beside data quality found, compared day by day with plain arithmetic over the
 * flights that were sent and the labels that came.
 */
import { paginateListMonitoringExecutions } from '@aws-sdk/client-sagemaker';
import { predict } from './boosting.mjs';
import { featureNames } from './data.mjs';
import { documentOf, plainBias, plainQuality, schedules } from './monitors.mjs';

const dayMs = 86_400_000;
/** The served model answers 32-bit floats; a score within that of a threshold may be called either way. */
const floats = 1e-6;

/** A stage for each monitor: { name, held, detail }. */
export async function judgeMonitors(world, of, given) {
  const found = [];
  for (const judge of [judgeQuality, judgeBias, judgeAttribution]) {
    found.push(await judge(world, of, given));
  }
  return found;
}

/** The days a schedule looked at, in order, each with how its run ended. */
async function runsOf({ clients: { sagemaker } }, name) {
  const pages = paginateListMonitoringExecutions(
    { client: sagemaker, pageSize: 100 },
    { MonitoringScheduleName: name, SortBy: 'ScheduledTime', SortOrder: 'Ascending' },
  );
  const runs = [];
  for await (const { MonitoringExecutionSummaries } of pages) {
    for (const one of MonitoringExecutionSummaries) {
      const day = new Date(one.ScheduledTime.getTime() - dayMs).toISOString().slice(0, 10);
      runs.push({ day, status: one.MonitoringExecutionStatus, reason: one.FailureReason });
    }
  }
  return runs;
}

/** Of the days that were sent: those whose runs failed, and the first difference from arithmetic. */
async function compared(world, of, { name, days, differs }) {
  const runs = (await runsOf(world, name)).filter(({ day }) => days.has(day));
  const failed = runs.filter(({ status }) => !status.startsWith('Completed'));
  let firstDifference;
  let violating = 0;
  for (const { day, status } of runs) {
    if (!status.startsWith('Completed')) continue;
    if (status === 'CompletedWithViolations') violating += 1;
    const difference = await differs(day);
    if (difference && !firstDifference) firstDifference = `${day}: ${difference}`;
  }
  return { runs, failed, firstDifference, violating };
}

function saying({ runs, failed, firstDifference, violating }, more) {
  const parts = [`${runs.length} daily runs, ${violating} with violations`, more];
  if (failed.length > 0) parts.push(`${failed.length} failed (${failed[0].reason})`);
  parts.push(
    firstDifference
      ? `differs from plain arithmetic on ${firstDifference}`
      : 'every figure agrees with plain arithmetic',
  );
  return parts.filter(Boolean).join('; ');
}

const held = ({ runs, failed, firstDifference }) =>
  runs.length > 0 && failed.length === 0 && !firstDifference;

const apart = (a, b) => !(Math.abs(a - b) <= floats);

async function judgeQuality(world, of, { sent }) {
  const name = schedules.quality;
  const aucs = new Map();
  const outcome = await compared(world, of, {
    name,
    days: sent.labelled,
    async differs(day) {
      const document = JSON.parse(
        await documentOf(world, of, { name, day, file: 'statistics.json' }),
      );
      const metrics = document.binary_classification_metrics;
      aucs.set(day, metrics.auc.value);
      const plain = plainQuality(sent.labelled.get(day));
      const wrong = Object.entries(plain).find(([key, value]) => apart(metrics[key].value, value));
      return wrong && `${wrong[0]} is ${metrics[wrong[0]].value} and should be ${wrong[1]}`;
    },
  });
  const mean = (days) => days.reduce((sum, day) => sum + aucs.get(day), 0) / days.length;
  const days = [...aucs.keys()];
  const [first, last] = [days.slice(0, 28), days.slice(-28)].map((of) => mean(of).toFixed(3));
  const course = `area under the curve ${first} in the first four weeks, ${last} in the last`;
  return { name: 'model quality', held: held(outcome), detail: saying(outcome, course) };
}

async function judgeBias(world, of, { sent, faultBegins }) {
  const name = schedules.bias;
  const imbalance = new Map();
  const outcome = await compared(world, of, {
    name,
    days: sent.labelled,
    async differs(day) {
      const document = JSON.parse(
        await documentOf(world, of, { name, day, file: 'analysis.json' }),
      );
      const metrics = ['pre_training_bias_metrics', 'post_training_bias_metrics']
        .flatMap((stage) => document[stage].facets.distance[0].metrics)
        .map(({ name: metric, value }) => [metric, value]);
      const known = Object.fromEntries(metrics);
      imbalance.set(day, known.CI);
      const plain = plainBias(sent.labelled.get(day));
      const wrong = Object.entries(plain).find(([key, value]) => apart(known[key], value));
      return wrong && `${wrong[0]} is ${known[wrong[0]]} and should be ${wrong[1]}`;
    },
  });
  const on = (day) => imbalance.get(day)?.toFixed(2);
  const before = new Date(Date.parse(`${faultBegins}T00:00:00Z`) - dayMs)
    .toISOString()
    .slice(0, 10);
  const fault = `short flights outweigh long ones by ${on(before)} on ${before}, by ${on(faultBegins)} on ${faultBegins}, when miles became kilometres`;
  return { name: 'bias', held: held(outcome), detail: saying(outcome, fault) };
}

/** Shapley values by their definition, over every coalition: four features have sixteen. */
function shapley(row, background, model) {
  const features = row.length;
  const values = Array.from({ length: 2 ** features }, (_, coalition) => {
    const scores = background.map((other) =>
      predict(
        model,
        row.map((cell, f) => ((coalition >> f) & 1 ? cell : other[f])),
      ),
    );
    return scores.reduce((sum, score) => sum + score, 0) / scores.length;
  });
  const factorial = (n) => (n <= 1 ? 1 : n * factorial(n - 1));
  const sizeOf = (coalition) => [...coalition.toString(2)].filter((bit) => bit === '1').length;
  return row.map((_, f) => {
    let sum = 0;
    for (let coalition = 0; coalition < values.length; coalition += 1) {
      if ((coalition >> f) & 1) continue;
      const size = sizeOf(coalition);
      const weight = (factorial(size) * factorial(features - size - 1)) / factorial(features);
      sum += weight * (values[coalition | (1 << f)] - values[coalition]);
    }
    return sum;
  });
}

/** Attributions of every flight that was sent, by the definition. */
async function judgeAttribution(world, of, { sent, model, background, attributionBegins }) {
  const name = schedules.attribution;
  const days = new Map([...sent.days].filter(([day]) => day >= attributionBegins));
  let ranking;
  const outcome = await compared(world, of, {
    name,
    days,
    async differs(day) {
      const document = JSON.parse(
        await documentOf(world, of, { name, day, file: 'analysis.json' }),
      );
      const [global] = Object.values(document.explanations.kernel_shap);
      const [scores, ...columns] = days.get(day);
      const rows = scores.map((_, i) => columns.map((values) => values[i]));
      const local = rows.map((row) => shapley(row, background, model));
      const wrong = featureNames.findIndex((feature, f) => {
        const plain = local.reduce((sum, values) => sum + Math.abs(values[f]), 0) / local.length;
        return apart(global.global_shap_values[feature], plain);
      });
      ranking = Object.entries(global.global_shap_values).sort(([, a], [, b]) => b - a);
      return wrong >= 0 && `the attribution of ${featureNames[wrong]}`;
    },
  });
  const shown = ranking?.map(([feature, value]) => `${feature} ${value.toFixed(3)}`).join(', ');
  return { name: 'attribution', held: held(outcome), detail: saying(outcome, shown) };
}

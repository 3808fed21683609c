/** Why an alarm is in its state: the sentence people read and the JSON programs read. */
import { breaches, type Observation, type Received, type Verdict } from './evaluate.ts';
import { double, javaDate, javaDouble, shortDate, toJson } from './java.ts';
import type { AlarmConfig, Comparison, NewState } from './rows.ts';

/** From this many points on, the sentence quotes the newest ones only. */
const manyPoints = 5;
/** Bounds of the JSON, which the API limits to 4,000 characters. */
const maxRecent = 60;
const maxEvaluated = 12;

const phrases: Readonly<Record<Comparison, string>> = {
  GreaterThanThreshold: 'greater than',
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};

export interface Explained {
  readonly config: AlarmConfig;
  /** The whole evaluation range, oldest first. */
  readonly range: readonly Observation[];
  readonly verdict: Verdict;
  readonly nowMs: number;
}

export function explain(explained: Explained): NewState {
  const { verdict } = explained;
  return { value: verdict.state, reason: sentence(explained), reasonData: data(explained) };
}

function sentence({ config, verdict }: Explained): string {
  const periods = config.evaluationPeriods;
  if (verdict.state === 'INSUFFICIENT_DATA') {
    return `Insufficient Data: ${counted(periods, 'datapoint')} unknown.`;
  }
  const alarming = verdict.state === 'ALARM';
  const telling = verdict.judged
    .filter(({ value }) => breaches(config, value) === alarming)
    .toReversed();
  const filled =
    verdict.filled === 0
      ? ''
      : ` and ${counted(verdict.filled, 'missing datapoint')} treated as [${
          config.treatMissingData === 'breaching' ? 'Breaching' : 'NonBreaching'
        }]`;
  if (telling.length === 0) {
    const count = verdict.judged.length;
    const received = count === 0 ? 'no datapoints were' : counted(count, 'datapoint');
    const over = `${periods} period${periods === 1 ? '' : 's'}`;
    return `Threshold Crossed: ${received} received for ${over}${filled}.`;
  }
  return `Threshold Crossed: ${comparison(config, telling, { alarming, filled })}.`;
}

function comparison(
  config: AlarmConfig,
  telling: readonly Received[],
  { alarming, filled }: { readonly alarming: boolean; readonly filled: string },
): string {
  const { datapointsToAlarm: needed, evaluationPeriods: periods, threshold } = config;
  const count = telling.length;
  const subject =
    needed === undefined
      ? `${count} datapoint${count === 1 ? '' : 's'}`
      : `${count} out of the last ${periods} datapoints`;
  const points = telling
    .slice(0, manyPoints)
    .map(({ value, startMs }) => `${javaDouble(value)} (${shortDate(startMs)})`);
  const quoted = `[${points.join(', ')}]`;
  const verb = `${count === 1 ? 'was' : 'were'} ${alarming ? '' : 'not '}`;
  const limit = `${phrases[config.comparison]} the threshold (${javaDouble(threshold)})`;
  const least = needed === undefined ? '' : ` ${minimum(needed, periods, alarming)}`;
  if (count < manyPoints) return `${subject} ${quoted} ${verb}${limit}${filled}${least}`;
  const which = alarming ? 'datapoints which crossed the threshold' : 'datapoints';
  return `${subject} ${verb}${limit}${filled}. The most recent ${which}: ${quoted}${least}`;
}

function minimum(needed: number, periods: number, alarming: boolean): string {
  const least = alarming ? needed : periods - needed + 1;
  const change = alarming ? 'OK -> ALARM' : 'ALARM -> OK';
  return `(minimum ${least} datapoint${least === 1 ? '' : 's'} for ${change} transition)`;
}

/** `1 datapoint was`, `2 datapoints were`. */
function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what} was` : `${count} ${what}s were`;
}

function data({ config, range, verdict, nowMs }: Explained): string {
  const { judged } = verdict;
  const newest = judged.length === 0 ? range.slice(-config.evaluationPeriods) : judged;
  const evaluated = newest.slice(-maxEvaluated).toReversed();
  const [oldest] = judged;
  return toJson({
    version: '1.0',
    queryDate: javaDate(nowMs),
    startDate: oldest && javaDate(oldest.startMs),
    unit: config.unit,
    statistic: config.statistic ?? config.extendedStatistic,
    period: config.periodSeconds,
    recentDatapoints: judged.slice(-maxRecent).map(({ value }) => double(value)),
    threshold: double(config.threshold),
    evaluatedDatapoints: evaluated.map(({ startMs, sampleCount, value }) => ({
      timestamp: javaDate(startMs),
      sampleCount: sampleCount === undefined ? undefined : double(sampleCount),
      value: value === undefined ? undefined : double(value),
    })),
  });
}

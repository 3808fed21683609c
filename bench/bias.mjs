/**
 * Measures of bias over a million rows against smclarify from PyPI, on the same columns in memory.
 * All measures of both stages but the flip test, on both sides: one facet, a group variable, counted
 * values without intervals, which smclarify does not have. The flip test is compared by itself on
 * fewer rows, where both sides are exact. Values must agree to 12 digits or the bench fails.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { analyzeBias } from '../dist/engines/fairness/analyze.js';
import { columnOfNumbers } from '../dist/engines/fairness/column.js';
import { seededRandom } from '../dist/kernel/random.js';

export const title = 'bias measures over 1,000,000 rows against smclarify';

/** All that its measures import, so that pip need not resolve the clients of S3 it also names. */
const PACKAGES = [
  ...['smclarify==0.5', 'numpy==1.26.4', 'pandas==1.5.3', 'scikit-learn==1.9.1', 'scipy==1.17.1'],
  ...['joblib==1.6.0', 'threadpoolctl==3.8.0', 'narwhals==2.29.0', 'pyfunctional==1.5.0'],
  ...['dill==0.4.1', 'tabulate==0.10.0', 'python-dateutil==2.9.0.post0', 'pytz==2026.6'],
  ...['six==1.17.0', 'cloudpickle==3.1.2'],
];
const ROWS = 1_000_000;
const FLIP_ROWS = 20_000;
const COLUMNS = ['label', 'answer', 'sex', 'age', 'income', 'hours'];
const DIGITS = 1e-12;
const PEER = `
import json, logging, sys, time, warnings
import numpy as np, pandas as pd
from smclarify.bias.metrics import POSTTRAINING_METRICS
from smclarify.bias.report import FacetColumn, LabelColumn, StageType, bias_report
warnings.filterwarnings("ignore"); logging.disable(logging.CRITICAL)
folder, rounds = sys.argv[1], int(sys.argv[2])
counted = [m.__name__ for m in POSTTRAINING_METRICS if m.__name__ != "FT"]
whole = {"label", "answer", "sex", "age", "hours"}
def frame(part):
    names = ${JSON.stringify(COLUMNS)}
    read = lambda n: np.fromfile(f"{folder}/{part}-{n}.bin")
    return pd.DataFrame({n: read(n).astype("int64") if n in whole else read(n) for n in names})
def report(df, stage, metrics):
    args = dict(predicted_label_column=LabelColumn("answer", df["answer"])) if stage == StageType.POST_TRAINING else {}
    return bias_report(df, FacetColumn("sex", [0]), LabelColumn("label", df["label"], [1]), stage,
                       metrics=metrics, group_variable=df["age"], **args)[0]["metrics"]
def timed(run):
    times = []
    for _ in range(rounds):
        start = time.perf_counter(); metrics = run(); times.append((time.perf_counter() - start) * 1000)
    return {"timesMs": times, "values": {m["name"]: m["value"] for m in metrics}}
all_rows, few = frame("all"), frame("few")
print(json.dumps({
    "counted": timed(lambda: report(all_rows, StageType.PRE_TRAINING, ["all"]) + report(all_rows, StageType.POST_TRAINING, counted)),
    "flip": timed(lambda: report(few, StageType.POST_TRAINING, ["FT"])),
}))
`;

export async function run({ say, quick }) {
  const python = peerPython(say);
  if (python === undefined) return [];
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-bias-'));
  try {
    const all = drawn(quick ? ROWS / 10 : ROWS);
    const few = drawn(FLIP_ROWS);
    write(folder, 'all', all);
    write(folder, 'few', few);
    const script = join(folder, 'peer.py');
    writeFileSync(script, PEER);
    const answer = execFileSync(python, [script, folder, quick ? '1' : '3'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const peer = JSON.parse(answer);
    const claims = [
      compare(say, { what: 'all but FT', columns: all, peer: peer.counted, isFlip: false }),
      compare(say, { what: 'FT alone', columns: few, peer: peer.flip, isFlip: true }),
    ];
    const withIntervals = measure(all, { isFlip: false, resamples: 200 });
    say(`with 200 resamples for intervals: ${withIntervals.medianMs.toFixed(0)} ms`);
    return claims;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compare(say, { what, columns, peer, isFlip }) {
  const own = measure(columns, { isFlip, resamples: 0 });
  for (const [name, value] of Object.entries(peer.values)) {
    const found = own.values[name];
    if (!(Math.abs(found - value) <= 1e-15 + DIGITS * Math.abs(value))) {
      throw new Error(`${name}: ${found} is not ${value}`);
    }
  }
  const rows = columns.label.length;
  const peerMs = median(peer.timesMs);
  const ratio = peerMs / own.medianMs;
  say(
    `${what}, ${rows} rows: Modelkeep ${own.medianMs.toFixed(0)} ms, ` +
      `smclarify ${peerMs.toFixed(0)} ms, ${ratio.toFixed(1)} times; ` +
      `${Object.keys(peer.values).length} values agree to 12 digits`,
  );
  return {
    metric: isFlip ? 'flip test, time ratio' : 'bias measures without the flip test, time ratio',
    ratio,
    goal: isFlip ? 1 : 20,
    baseline: 'smclarify 0.5',
    detail: `${rows} rows; ${own.medianMs.toFixed(0)} ms against ${peerMs.toFixed(0)} ms`,
  };
}

/** Median of five rounds; typing the columns is part of the work on both sides. */
function measure(columns, { isFlip, resamples }) {
  const times = [];
  let values = {};
  const post = 'AD CDDPL DAR DCA DCR DI DPPL DRR GE RD SD TE'.split(' ');
  const methods = isFlip ? { postTraining: ['FT'] } : { preTraining: 'all', postTraining: post };
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    const typed = COLUMNS.map((name) => [name, columnOfNumbers(columns[name])]);
    const analysis = analyzeBias(new Map(typed), {
      label: 'label',
      labelValues: [1],
      predictedLabel: 'answer',
      facets: [{ name: 'sex', values: [0] }],
      groupVariable: 'age',
      methods,
      resamples,
      flipTestWorkMax: Number.POSITIVE_INFINITY,
    });
    times.push(performance.now() - start);
    if (!analysis.ok) throw new Error(analysis.reason);
    const { preTraining = [], postTraining = [] } = analysis.value;
    const metrics = [...preTraining, ...postTraining].flatMap((facet) => facet.metrics);
    values = Object.fromEntries(metrics.map((metric) => [metric.name, metric.value]));
  }
  return { medianMs: median(times), values };
}

/** Whole numbers with many ties beside decimals; the answer leans on sex. */
function drawn(rows) {
  const random = seededRandom(17);
  const columns = Object.fromEntries(COLUMNS.map((name) => [name, new Float64Array(rows)]));
  for (let row = 0; row < rows; row++) {
    const sex = random.next01() < 0.35 ? 0 : 1;
    const isPositive = random.next01() < 0.2 + 0.1 * sex;
    const agrees = random.next01() < 0.8 + 0.1 * sex;
    columns.sex[row] = sex;
    columns.label[row] = Number(isPositive);
    columns.answer[row] = Number(isPositive === agrees);
    columns.age[row] = 18 + Math.floor(random.next01() * 70);
    columns.income[row] = random.next01() * 1e5;
    columns.hours[row] = Math.floor(random.next01() * 60);
  }
  return columns;
}

function write(folder, part, columns) {
  for (const [name, values] of Object.entries(columns)) {
    writeFileSync(join(folder, `${part}-${name}.bin`), new Uint8Array(values.buffer));
  }
}

/** A virtual environment of its own, kept between runs while the pinned packages are the same. */
function peerPython(say) {
  const home = join(tmpdir(), 'modelkeep-bench-venv-bias');
  const python = join(home, 'bin', 'python');
  const marker = join(home, 'packages.txt');
  const wanted = PACKAGES.join('\n');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return python;
  try {
    execFileSync('python3', ['-m', 'venv', home], { stdio: 'ignore' });
    const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', ...PACKAGES];
    execFileSync(python, install, { stdio: 'ignore' });
  } catch (cause) {
    say(`skipped: smclarify could not be installed with python3 and pip (${cause.message})`);
    return undefined;
  }
  writeFileSync(marker, wanted);
  return python;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

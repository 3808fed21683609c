/**
 * Kernel SHAP of boosted trees: our engine, which reads the ONNX model's trees and needs no row of
 * it, against the shap package's KernelExplainer over the same file in native ONNX Runtime. The
 * rows, the background and the number of coalitions are the same; which coalitions are drawn is
 * each one's own. For orientation also a network that has to be asked, by ours in process through
 * the ONNX server's own runtime (WebAssembly).
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import onnxProto from 'onnx-proto';
import { loadModel } from '../dist/adapters/onnx/model.js';
import { explain } from '../dist/engines/attribution/explain.js';
import { whiteBoxOf } from '../dist/engines/attribution/trees.js';
import { treesOfOnnx } from '../dist/engines/attribution/trees-onnx.js';
import { seededRandom } from '../dist/kernel/random.js';
import { train } from '../examples/flights/boosting.mjs';
import { toOnnx } from '../examples/flights/onnx.mjs';

export const title = 'Kernel SHAP, 20 features, 100 background rows, 2,088 coalitions a row';

const features = 20;
const backgroundRows = 100;
const packages = ['shap==0.51.0', 'onnxruntime==1.31.1', 'numpy==2.4.6'];
const python = `
import json, sys, time, warnings
import numpy as np, onnxruntime, shap
warnings.filterwarnings("ignore")
given = json.load(open(sys.argv[1]))
background = np.array(given["background"])
rows = np.array(given["rows"])
explainers = {}
for name, path in given["models"].items():
    session = onnxruntime.InferenceSession(path)
    ask = lambda x, s=session: s.run(None, {"features": x.astype(np.float32)})[0][:, 0]
    explainers[name] = shap.KernelExplainer(ask, background)
    explainers[name].shap_values(rows[:1], nsamples=given["samples"], l1_reg=0, silent=True)
print("ready", flush=True)
for line in sys.stdin:
    name, count = line.split()
    start = time.perf_counter()
    values = explainers[name].shap_values(rows[:int(count)], nsamples=given["samples"], l1_reg=0, silent=True)
    ms = (time.perf_counter() - start) * 1000
    print(json.dumps({"ms": ms, "global": np.abs(values).mean(axis=0).tolist()}), flush=True)
`;

export async function run({ say, quick }) {
  const interpreter = environment(say);
  if (!interpreter) return [];
  const folder = mkdtempSync(join(tmpdir(), 'modelkeep-bench-shap-'));
  const task = taskIn(folder, quick ? 40 : 500);
  const peer = peerOf(interpreter, join(folder, 'task.json'));
  try {
    await peer.next();
    return await compare({ task, peer, say, quick });
  } finally {
    peer.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare({ task, peer, say, quick }) {
  const rounds = quick ? 2 : 3;
  const theirRows = quick ? 3 : 25;
  const trees = treesOfOnnx(readFileSync(task.models.trees));
  if (!trees.ok) throw new Error(trees.reason);
  const box = whiteBoxOf(trees.value);
  const ours = [];
  const theirs = [];
  let gap = 0;
  await explained(task, box, 2);
  for (let round = 0; round < rounds; round += 1) {
    const mine = await explained(task, box, task.rows.length);
    ours.push(mine.ms / task.rows.length);
    const other = await peer.next(`trees ${theirRows}`);
    theirs.push(other.ms / theirRows);
    const same = await explained(task, box, theirRows);
    gap = Math.max(...same.global.map((value, at) => Math.abs(value - other.global[at])));
    gap /= Math.max(...other.global);
  }
  const [our, their] = [median(ours), median(theirs)];
  const fixed = (ms) => ms.toFixed(1).padStart(9);
  say(`boosted trees, milliseconds a row     (medians of ${rounds} rounds)`);
  say(`  modelkeep, trees read from ONNX    ${fixed(our)}   (${task.rows.length} rows a round)`);
  say(`  shap 0.51, native ONNX Runtime     ${fixed(their)}   (${theirRows} rows a round)`);
  say(`  largest difference of global values, of the largest value: ${(gap * 100).toFixed(2)} %`);
  await orientation({ task, peer, say, fixed, count: quick ? 2 : 10 });
  return [
    {
      metric: 'Kernel SHAP of boosted trees, rows explained a second',
      ratio: Number((their / our).toFixed(2)),
      goal: 3,
      baseline: 'shap 0.51 KernelExplainer over native ONNX Runtime',
      unit: 'times',
      detail:
        'same model file, rows, background and number of coalitions; shap timed on ' +
        `${theirRows} rows a round, ours on ${task.rows.length}, compared by the row`,
    },
  ];
}

/** A model that is not trees is asked for every synthetic row: no claim is made for it. */
async function orientation({ task, peer, say, fixed, count }) {
  const model = await loadModel(readFileSync(task.models.network));
  const predict = {
    element: 'float32',
    async predict({ data, rows, columns }) {
      const dims = [rows, columns];
      const [output] = await model.run([{ name: 'features', type: 'float32', dims, data }]);
      return { ok: true, value: { values: output.data, labels: 1 } };
    },
  };
  const mine = await explained(task, predict, count);
  const other = await peer.next(`network ${count}`);
  say('small network, milliseconds a row     (one round, for orientation)');
  say(`  modelkeep, asked in WebAssembly    ${fixed(mine.ms / count)}`);
  say(`  shap 0.51, native ONNX Runtime     ${fixed(other.ms / count)}`);
}

async function explained({ rows, background, samples }, predict, count) {
  const start = performance.now();
  const outcome = await explain({
    rows: rows.slice(0, count),
    background,
    featureNames: Array.from({ length: features }, (_, at) => `f${at}`),
    predict,
    numSamples: samples,
    seed: 1,
    signal: new AbortController().signal,
  });
  const ms = performance.now() - start;
  if (!outcome.ok) throw new Error(outcome.reason);
  const { values } = outcome.value;
  const global = Array.from({ length: features }, (_, feature) => {
    let sum = 0;
    for (let at = feature; at < values.length; at += features) sum += Math.abs(values[at]);
    return sum / count;
  });
  return { ms, global };
}

/** Data with effects of one feature, of two, and none; both models are files for both sides. */
function taskIn(folder, count) {
  const random = seededRandom(20);
  const normal = () => random.next01() + random.next01() + random.next01() - 1.5;
  const rowsOf = (size) =>
    Array.from({ length: size }, () => Array.from({ length: features }, normal));
  const chance = (x) => 1 / (1 + Math.exp(-(3 * x[0] - 2 * x[1] + 4 * x[2] * x[3] + x[4] ** 2)));
  const known = rowsOf(3_000);
  const labels = known.map((row) => (random.next01() < chance(row) ? 1 : 0));
  const boosted = train(known, labels, { trees: 100, depth: 4, rate: 0.1 });
  const task = {
    rows: rowsOf(count),
    background: rowsOf(backgroundRows),
    samples: 2 * features + 2_048,
    models: { trees: join(folder, 'trees.onnx'), network: join(folder, 'network.onnx') },
  };
  writeFileSync(task.models.trees, toOnnx(boosted, features));
  writeFileSync(task.models.network, networkOf(random));
  writeFileSync(join(folder, 'task.json'), JSON.stringify(task));
  return task;
}

/** 20 → 16 → 1, with weights of chance. */
function networkOf(random) {
  const { ModelProto, TensorProto } = onnxProto.onnx;
  const float = TensorProto.DataType.FLOAT;
  const weights = (name, dims) => ({
    name,
    dataType: float,
    dims,
    floatData: Array.from({ length: dims.reduce((a, b) => a * b) }, () => random.next01() - 0.5),
  });
  const value = (name, columns) => ({
    name,
    type: {
      tensorType: {
        elemType: float,
        shape: { dim: [{ dimParam: 'n' }, { dimValue: columns }] },
      },
    },
  });
  return ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 15 }],
    graph: {
      name: 'network',
      node: [
        { opType: 'Gemm', input: ['features', 'w1', 'b1'], output: ['a'] },
        { opType: 'Relu', input: ['a'], output: ['r'] },
        { opType: 'Gemm', input: ['r', 'w2', 'b2'], output: ['margin'] },
        { opType: 'Sigmoid', input: ['margin'], output: ['score'] },
      ],
      initializer: [
        weights('w1', [features, 16]),
        weights('b1', [16]),
        weights('w2', [16, 1]),
        weights('b2', [1]),
      ],
      input: [value('features', features)],
      output: [value('score', 1)],
    },
  }).finish();
}

/** One process for all rounds, so that starting Python is in no figure. */
function peerOf(interpreter, taskPath) {
  const child = spawn(interpreter, ['-c', python, taskPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async next(command) {
      if (command) child.stdin.write(`${command}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('the Python peer has ended');
      return value === 'ready' ? undefined : JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}

function environment(say) {
  const folder = join(tmpdir(), 'modelkeep-bench-venv-shap');
  const interpreter = join(folder, 'bin', 'python');
  const complete = join(folder, '.complete');
  if (existsSync(complete)) return interpreter;
  try {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'ignore' });
    execFileSync(interpreter, ['-m', 'pip', 'install', '--quiet', ...packages], {
      stdio: 'inherit',
    });
    writeFileSync(complete, '');
    return interpreter;
  } catch (cause) {
    say(`skipped: no Python with ${packages.join(', ')} (${cause.message})`);
    return undefined;
  }
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

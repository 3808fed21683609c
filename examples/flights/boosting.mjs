/**
 * Gradient-boosted trees for a yes-or-no question, from scratch: histogram splits, logistic loss,
 * second-order leaf values (Chen & Guestrin 2016, equations 5 and 7). Small and plain, for the example.
 */

const bins = 64;
const regularisation = 1;

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** Upper edges of up to `bins` bins of about equal count. */
function edgesOf(values) {
  const sorted = Float64Array.from(values).sort();
  const edges = new Set();
  for (let i = 1; i < bins; i += 1) edges.add(sorted[Math.floor((i * sorted.length) / bins)]);
  return [...edges].sort((a, b) => a - b);
}

function binOf(edges, value) {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= edges[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** { bias, trees }: a tree is { feature, threshold, left, right } or { value }; left when x <= threshold. */
export function train(rows, labels, { trees = 40, depth = 4, rate = 0.2 } = {}) {
  const features = rows[0].length;
  const edges = Array.from({ length: features }, (_, f) => edgesOf(rows.map((row) => row[f])));
  const binned = edges.map((e, f) => Uint8Array.from(rows, (row) => binOf(e, row[f])));
  const positive = labels.reduce((sum, label) => sum + label, 0) / labels.length;
  const bias = Math.log(positive / (1 - positive));
  const scores = new Float64Array(rows.length).fill(bias);
  const grown = [];
  for (let t = 0; t < trees; t += 1) {
    const gradients = Float64Array.from(scores, (score, i) => sigmoid(score) - labels[i]);
    const hessians = Float64Array.from(scores, (score) => sigmoid(score) * (1 - sigmoid(score)));
    const all = Uint32Array.from(rows, (_, i) => i);
    const tree = grow(all, { binned, edges, gradients, hessians, depth, rate, scores });
    grown.push(tree);
  }
  return { bias, trees: grown };
}

function grow(members, context) {
  const { gradients, hessians, depth, rate, scores } = context;
  let gradient = 0;
  let hessian = 0;
  for (const i of members) {
    gradient += gradients[i];
    hessian += hessians[i];
  }
  const split = depth > 0 ? bestSplit(members, context, { gradient, hessian }) : undefined;
  if (!split) {
    const value = (-gradient / (hessian + regularisation)) * rate;
    for (const i of members) scores[i] += value;
    return { value };
  }
  const codes = context.binned[split.feature];
  const left = members.filter((i) => codes[i] <= split.bin);
  const right = members.filter((i) => codes[i] > split.bin);
  const below = { ...context, depth: depth - 1 };
  const threshold = context.edges[split.feature][split.bin];
  return {
    feature: split.feature,
    threshold,
    left: grow(left, below),
    right: grow(right, below),
  };
}

function bestSplit(members, { binned, edges, gradients, hessians }, total) {
  const score = (g, h) => (g * g) / (h + regularisation);
  const whole = score(total.gradient, total.hessian);
  let best;
  for (let feature = 0; feature < binned.length; feature += 1) {
    const g = new Float64Array(edges[feature].length + 1);
    const h = new Float64Array(edges[feature].length + 1);
    for (const i of members) {
      g[binned[feature][i]] += gradients[i];
      h[binned[feature][i]] += hessians[i];
    }
    let leftG = 0;
    let leftH = 0;
    for (let bin = 0; bin < edges[feature].length; bin += 1) {
      leftG += g[bin];
      leftH += h[bin];
      if (leftH < 10 || total.hessian - leftH < 10) continue;
      const gain =
        score(leftG, leftH) + score(total.gradient - leftG, total.hessian - leftH) - whole;
      if (gain > 1 && (!best || gain > best.gain)) best = { gain, feature, bin };
    }
  }
  return best;
}

export function predict(model, row) {
  let score = model.bias;
  for (const tree of model.trees) {
    let node = tree;
    while (node.value === undefined) {
      node = row[node.feature] <= node.threshold ? node.left : node.right;
    }
    score += node.value;
  }
  return sigmoid(score);
}

/** The probability that a late flight scores higher than one on time; ties count half. */
export function areaUnderCurve(scores, labels) {
  const order = scores.map((score, i) => [score, labels[i]]).sort((a, b) => a[0] - b[0]);
  let ranks = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && order[end][0] === order[start][0]) end += 1;
    const rank = (start + end + 1) / 2;
    for (let i = start; i < end; i += 1) if (order[i][1] === 1) ranks += rank;
    start = end;
  }
  const positives = labels.reduce((sum, label) => sum + label, 0);
  const negatives = labels.length - positives;
  return (ranks - (positives * (positives + 1)) / 2) / (positives * negatives);
}

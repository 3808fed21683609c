/**
 * Reads an ONNX model that can be known from within: trees or a linear model over the only input,
 * as scikit-learn's converter and plain exporters write them, with a sigmoid or a normalisation of
 * probabilities after it. Anything else is refused, and is asked like any model. Scores are those
 * that our model server answers: of two classes the second one's, else all.
 */
import { type Outcome, ok, reasonOf, refuse } from '../../kernel/outcome.ts';
import { type LinearModel, linearBoxOf } from './linear.ts';
import { type Link, labelsOf } from './link.ts';
import { floats, type Graph, graphOf, ints, type Node, need, Unfit, words } from './onnx-graph.ts';
import { treesOf } from './onnx-trees.ts';
import { type TreeModel, treeBoxOf } from './trees.ts';
import { limits, type WhiteBox } from './types.ts';

export type KnownModel = TreeModel | LinearModel;

/** Never throws: bytes that are no model are refused too. */
export function knownModelOf(bytes: Uint8Array): Outcome<KnownModel> {
  try {
    return ok(modelOf(graphOf(bytes)));
  } catch (cause) {
    if (!(cause instanceof Unfit || cause instanceof RangeError)) throw cause;
    return refuse(`not a model of trees or linear terms alone: ${reasonOf(cause)}`);
  }
}

export function whiteBoxOf(model: KnownModel): WhiteBox {
  return model.kind === 'trees' ? treeBoxOf(model) : linearBoxOf(model);
}

/** The operator that knows, and how its numbers become the model's. */
interface Chain {
  readonly node: Node;
  readonly features: number;
  readonly hasSigmoid: boolean;
  readonly isNormalised: boolean;
}

type Reader = (chain: Chain) => KnownModel;

const readers = new Map<string, Reader>([
  ['TreeEnsembleRegressor', treeRegressor],
  ['TreeEnsembleClassifier', treeClassifier],
  ['LinearRegressor', linearRegressor],
  ['LinearClassifier', linearClassifier],
]);

function modelOf({ nodes, inputs, outputs }: Graph): KnownModel {
  const [node, after, ...more] = nodes;
  const read = readers.get(node?.type ?? '');
  need(node && read, `it begins with ${node?.type || 'nothing'}`);
  need(more.length === 0, `it has ${nodes.length} operators`);
  const [input] = inputs;
  need(input && inputs.length === 1, `it has ${inputs.length} inputs`);
  need(input.name === node.inputs[0], 'the first operator does not read the input');
  const isClassifier = node.type.endsWith('Classifier');
  const last = after?.type ?? '';
  need(!after || last === (isClassifier ? 'Normalizer' : 'Sigmoid'), `${last} comes after it`);
  need(!after || after.inputs[0] === node.outputs.at(-1), 'the operators are not a chain');
  const norm = after ? (words(after, 'norm')[0] ?? 'MAX') : '';
  need(last !== 'Normalizer' || norm === 'L1', `its probabilities are scaled by ${norm}`);
  // A classifier's label may be shown beside its probabilities.
  const scores = (after ?? node).outputs.at(-1);
  const others = outputs.filter((name) => name !== scores);
  need(outputs.includes(scores ?? ''), 'its scores are no output');
  need(
    others.every((name) => isClassifier && name === node.outputs[0]),
    'it has other outputs',
  );
  return read({
    node,
    features: input.columns,
    hasSigmoid: last === 'Sigmoid',
    isNormalised: last === 'Normalizer',
  });
}

function treeRegressor({ node, features, hasSigmoid }: Chain): TreeModel {
  const sums = ints(node, 'n_targets')[0] ?? 1;
  checkAggregate(node);
  const isLogistic = postTransform(node, ['NONE', 'LOGISTIC']) === 'logistic';
  need(!(isLogistic && hasSigmoid), 'it has two sigmoids');
  const transform = isLogistic || hasSigmoid ? 'logistic' : 'none';
  const link: Link = { sums, transform, isNormalised: false, answered: undefined };
  return treeModel(node, { features, link, prefix: 'target' });
}

/**
 * Of two classes leaves may have one id: then there is one sum, of the second class, and ONNX
 * Runtime takes it for a probability (all weights positive) or for a margin.
 */
function treeClassifier({ node, features, isNormalised }: Chain): TreeModel {
  checkAggregate(node);
  const classes = classesOf(node, 'classlabels_int64s');
  const hasOneSum = classes === 2 && new Set(ints(node, 'class_ids')).size === 1;
  const post = postTransform(
    node,
    hasOneSum ? ['NONE', 'LOGISTIC'] : ['NONE', 'LOGISTIC', 'SOFTMAX'],
  );
  need(!(hasOneSum && isNormalised), 'its one score is scaled');
  const answered = classes === 2 && !hasOneSum ? 1 : undefined;
  const link = { sums: hasOneSum ? 1 : classes, transform: post, isNormalised, answered };
  return treeModel(node, { features, link, prefix: 'class' });
}

interface Ensemble {
  readonly features: number;
  readonly link: Link;
  readonly prefix: 'target' | 'class';
}

function treeModel(node: Node, { features, link, prefix }: Ensemble): TreeModel {
  checkLabels(link);
  const given = floats(node, 'base_values');
  const { sums } = link;
  need(given.length === 0 || given.length === sums, `it has ${given.length} base values`);
  const bias = given.length === 0 ? new Float64Array(sums) : Float64Array.from(given);
  need(bias.every(Number.isFinite), 'a base value is not a finite number');
  const trees = treesOf(node, { prefix, features, sums });
  return { kind: 'trees', features, trees, bias, link };
}

function linearRegressor({ node, features, hasSigmoid }: Chain): LinearModel {
  need(postTransform(node, ['NONE']) === 'none', 'it has a post_transform');
  const sums = ints(node, 'targets')[0] ?? 1;
  const transform = hasSigmoid ? 'logistic' : 'none';
  return linearModel(node, {
    features,
    link: { sums, transform, isNormalised: false, answered: undefined },
  });
}

function linearClassifier({ node, features, isNormalised }: Chain): LinearModel {
  const sums = classesOf(node, 'classlabels_ints');
  const transform = postTransform(node, ['NONE', 'LOGISTIC', 'SOFTMAX']);
  const answered = sums === 2 ? 1 : undefined;
  return linearModel(node, { features, link: { sums, transform, isNormalised, answered } });
}

function linearModel(
  node: Node,
  { features, link }: { readonly features: number; readonly link: Link },
): LinearModel {
  checkLabels(link);
  const coefficients = Float64Array.from(floats(node, 'coefficients'));
  const given = floats(node, 'intercepts');
  need(coefficients.length === features * link.sums, 'its coefficients do not fit');
  need(given.length === 0 || given.length === link.sums, 'its intercepts do not fit');
  const intercepts = given.length === 0 ? new Float64Array(link.sums) : Float64Array.from(given);
  need(
    [coefficients, intercepts].every((numbers) => numbers.every(Number.isFinite)),
    'a coefficient is not a finite number',
  );
  return { kind: 'linear', features, coefficients, intercepts, link };
}

function classesOf(node: Node, integers: string): number {
  const classes = ints(node, integers).length || words(node, 'classlabels_strings').length;
  need(classes >= 2, `it has ${classes} classes`);
  return classes;
}

function checkLabels(link: Link): void {
  const labels = labelsOf(link);
  need(labels >= 1 && labels <= limits.labels, `it has ${labels} outputs`);
}

function checkAggregate(node: Node): void {
  const aggregate = words(node, 'aggregate_function')[0] ?? 'SUM';
  need(aggregate === 'SUM', `its trees are joined by ${aggregate}`);
}

const transforms = { NONE: 'none', LOGISTIC: 'logistic', SOFTMAX: 'softmax' } as const;

function postTransform(
  node: Node,
  allowed: readonly (keyof typeof transforms)[],
): Link['transform'] {
  const given = words(node, 'post_transform')[0] ?? 'NONE';
  const known = allowed.find((name) => name === given);
  need(known, `its post_transform is ${given}`);
  return transforms[known];
}

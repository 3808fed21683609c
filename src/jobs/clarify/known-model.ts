/**
 * A model that need not be asked for synthetic rows: its file says what it would answer. Believed
 * only after its server has given the same answers for rows of the data and of the baseline; every
 * other model is asked.
 */
import { knownModelOf as readModel, whiteBoxOf } from '../../engines/attribution/onnx-model.ts';
import type { Predict, Row, WhiteBox } from '../../engines/attribution/types.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Asking, scoring } from './asking.ts';
import { rowsOf } from './columns.ts';
import type { Run } from './request.ts';
import { sampleOf } from './shap.ts';

/** Rows of the data, and as many of the baseline, that the server is asked to compare. */
const comparedRows = 50;
/** The server answers 32-bit floats: this apart, or this share of an answer beyond 1. */
const tolerance = 1e-5;
/** Nodes of trees times baseline rows, a byte each in memory. */
const mostSplits = 2 ** 28;

export interface Known {
  readonly box: WhiteBox;
  /** `a tree ensemble`: for who reads what was done. */
  readonly what: string;
}

/**
 * Undefined where the model has to be asked; `say` tells why where its file could be looked into.
 * Throws the signal's reason.
 */
export async function knownModelOf(
  run: Run,
  asking: Asking,
  background: readonly Row[],
): Promise<Known | undefined> {
  const { parts, request, options } = run;
  const path = request.onnxArchivePath;
  if (path === undefined) return undefined;
  const bytes = await parts.modelInArchive(path, { signal: options.signal });
  const known = bytes.ok ? readKnown(bytes.value, background.length) : bytes;
  const compared = known.ok ? await verified(known.value, { run, asking, background }) : known;
  if (compared.ok && known.ok) return known.value;
  const reason = compared.ok ? '' : compared.reason;
  options.say(`The model is asked for every synthetic row: ${reason}.`);
  return undefined;
}

function readKnown(bytes: Uint8Array, backgroundRows: number): Outcome<Known> {
  const model = readModel(bytes);
  if (!model.ok) return model;
  const box = whiteBoxOf(model.value);
  if (model.value.kind === 'linear') return ok({ box, what: 'linear' });
  const nodes = model.value.trees.reduce((sum, tree) => sum + tree.features.length, 0);
  if (nodes * backgroundRows > mostSplits) {
    return refuse(`its ${nodes} nodes and ${backgroundRows} baseline rows do not fit in memory`);
  }
  return ok({ box, what: 'a tree ensemble' });
}

interface Comparing {
  readonly run: Run;
  readonly asking: Asking;
  readonly background: readonly Row[];
}

/** Refused with the first difference, and with what the server refuses. */
async function verified(
  { box }: Known,
  { run, asking, background }: Comparing,
): Promise<Outcome<void>> {
  const { dataset } = run.judged;
  const { features } = dataset;
  if (box.features !== features.length) {
    return refuse(`it has ${box.features} features, the data ${features.length}`);
  }
  const columns = features.flatMap((name) => dataset.columns.get(name) ?? []);
  const texts = columns.findIndex(({ kind }) => kind === 'texts');
  if (texts >= 0) return refuse(`the column ${features[texts]} has texts`);
  const places = sampleOf(dataset.rows, comparedRows, 0);
  const others = sampleOf(background.length, comparedRows, 0);
  const rows = [
    ...rowsOf(columns, places),
    ...Array.from(others, (place) => background[place] ?? []),
  ];
  const size = Math.max(1, Math.min(asking.batch.maxRows ?? 1, rows.length));
  for (let start = 0; start < rows.length; start += size) {
    const compared = await compare(box, asking, rows.slice(start, start + size));
    if (!compared.ok) return compared;
  }
  return ok(undefined);
}

async function compare(
  box: WhiteBox,
  asking: Asking,
  rows: readonly Row[],
): Promise<Outcome<void>> {
  const { predict, signal } = scoring(asking);
  if (typeof predict !== 'function') return refuse('it is not asked in rows');
  const answered = await predict(rows, { signal });
  if (!answered.ok) return answered;
  for (const [at, row] of rows.entries()) {
    const own = box.scores(row);
    const said = answered.value[at] ?? [];
    if (said.length !== own.length || own.some((score, label) => differ(score, said[label]))) {
      return refuse(
        `its server answered ${said.slice(0, 5).join(', ')} where its file says ` +
          `${own.slice(0, 5).join(', ')}`,
      );
    }
  }
  return ok(undefined);
}

/** Also when one of them is no number. */
function differ(own: number, said = Number.NaN): boolean {
  return !(Math.abs(own - said) <= tolerance * Math.max(1, Math.abs(said)));
}

/** For rows that are laid out elsewhere. */
export function asPredict({ box }: Known): Predict {
  return async (rows, { signal }) => {
    signal.throwIfAborted();
    return ok(rows.map((row) => box.scores(row)));
  };
}

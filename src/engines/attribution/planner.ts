/**
 * Lays out each row: which of its features vary, the coalitions for that many, and the solver that
 * turns their means into values. All are made once and shared by the rows that they fit.
 */
import { type Background, type Layout, layoutOf, varyingFeatures } from './background.ts';
import { type Coalitions, coalitionsOf } from './coalitions.ts';
import { type Solver, solverOf } from './solver.ts';
import type { RowPlan } from './synthetic.ts';
import { defaultSamples, type ExplainRequest, type Row } from './types.ts';

/** Layouts kept for rows that change the same features. */
const maxLayouts = 16;

export interface Planner {
  /** Undefined when the coalitions cannot settle the row: see `failure`. */
  planOf(row: Row, index: number): RowPlan | undefined;
  solve(
    plan: RowPlan,
    what: { readonly gains: Float64Array; readonly delta: number; readonly into: Float64Array },
  ): void;
  exact(): boolean;
  notes(): readonly string[];
  failure(): string | undefined;
}

/** Coalitions depend on the number of varying features alone, so that rows share them. */
export function planner(request: ExplainRequest, background: Background): Planner {
  const budget = request.numSamples ?? defaultSamples(request.featureNames.length);
  const solvers = new Map<number, { readonly solver: Solver; readonly exact: boolean }>();
  const sets = new Map<number, Coalitions>();
  const layouts = new Map<string, Layout>();
  let failure: string | undefined;
  const layoutFor = (varying: Int32Array) => {
    const key = varying.join();
    const known = layouts.get(key);
    if (known) return known;
    const coalitions =
      sets.get(varying.length) ?? coalitionsOf(varying.length, budget, request.seed ?? 0);
    sets.set(varying.length, coalitions);
    if (!solvers.has(varying.length)) {
      const solver = solverOf(coalitions);
      if (!solver.ok) failure = solver.reason;
      else solvers.set(varying.length, { solver: solver.value, exact: coalitions.exact });
    }
    const layout = layoutOf(
      coalitions,
      varying,
      'over' in request.predict ? undefined : background,
    );
    if (layouts.size >= maxLayouts) layouts.clear();
    layouts.set(key, layout);
    return layout;
  };
  return {
    planOf(row, index) {
      const varying = varyingFeatures(row, background);
      const layout = varying.length < 2 ? undefined : layoutFor(varying);
      return failure === undefined ? { index, row, varying, layout } : undefined;
    },
    solve({ varying, layout }, { gains, delta, into }) {
      const [only] = varying;
      if (!layout) {
        if (only !== undefined) into[only] = delta;
        return;
      }
      const phi = new Float64Array(varying.length);
      solvers.get(varying.length)?.solver.solve(gains, delta, phi);
      for (const [at, feature] of varying.entries()) into[feature] = phi[at] ?? 0;
    },
    exact: () => [...solvers.values()].every((of) => of.exact),
    notes: () => notesOf(solvers),
    failure: () => failure,
  };
}

function notesOf(
  solvers: ReadonlyMap<number, { readonly solver: Solver; readonly exact: boolean }>,
): string[] {
  const notes: string[] = [];
  if ([...solvers.values()].some(({ solver }) => solver.underdetermined)) {
    notes.push(
      'The sampled coalitions are too few to settle every feature: what they leave open is ' +
        'shared out evenly. Raise num_samples.',
    );
  } else if ([...solvers.values()].some(({ exact }) => !exact)) {
    notes.push('Coalitions were sampled: other seeds give slightly different values.');
  }
  return notes;
}

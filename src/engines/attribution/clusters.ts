/**
 * A baseline of a few rows that stand for a data set: the centres of k-means on standardised
 * numbers, or of k-prototypes (Huang, 1998) where there are categories. Not for finding segments:
 * the centres are what counts, and nothing is kept of who belongs where.
 *
 * Cost of a row: Σ (z − centre)² over its standardised numbers + γ · its categories that are not
 * the centre's, with γ = ½ · the mean deviation of the numbers, which is ½ once standardised.
 */
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import { type Random, seededRandom } from '../../kernel/random.ts';
import type { Cell, Row } from './types.ts';

export interface ClusterRequest {
  readonly rows: readonly Row[];
  /** By default found from 1 to 12: see `kneeOf`. */
  readonly numClusters?: number;
  readonly seed?: number;
}

export interface Clustering {
  /** A centre each: means of numbers, most frequent categories. The largest cluster first. */
  readonly rows: readonly Row[];
  readonly method: 'k-means' | 'k-prototypes';
  /** Of all clustered rows, in standardised units. */
  readonly cost: number;
  readonly notes: readonly string[];
}

export const maxAutoClusters = 12;
export const maxClusters = 100;
/** Of more rows an even sample is clustered. */
export const maxClusteredRows = 5_000;
const restarts = 8;
const maxRounds = 100;

/** A column is of numbers when all its cells are; NaN counts as the column's mean. */
export function clusterBaseline(request: ClusterRequest): Outcome<Clustering> {
  const { numClusters, seed = 0 } = request;
  const width = request.rows[0]?.length ?? 0;
  if (request.rows.length === 0 || width === 0) return refuse('there are no rows to cluster');
  const odd = request.rows.findIndex((row) => row.length !== width);
  if (odd !== -1)
    return refuse(`row ${odd + 1} has ${request.rows[odd]?.length} cells, not ${width}`);
  const random = seededRandom(seed);
  const table = tableOf(sampled(request.rows, random));
  if (numClusters !== undefined && !isCount(numClusters)) {
    return refuse(`num_clusters must be a whole number from 1 to ${maxClusters}`);
  }
  const most = Math.min(table.distinct, numClusters ?? maxAutoClusters);
  const least = numClusters === undefined ? 1 : most;
  const found: Found[] = [];
  for (let k = least; k <= most; k += 1) found.push(bestOf(table, k, random));
  const chosen = found[kneeOf(found.map(({ cost }) => cost))] ?? bestOf(table, 1, random);
  const notes: string[] = [];
  if (request.rows.length > maxClusteredRows) {
    notes.push(
      `The baseline was clustered from ${maxClusteredRows} of ${request.rows.length} rows.`,
    );
  }
  if (numClusters !== undefined && numClusters > most) {
    notes.push(`The rows have ${most} distinct values, so there are ${most} clusters.`);
  }
  const method = table.categories.length > 0 ? 'k-prototypes' : 'k-means';
  return ok({ rows: centreRows(table, chosen), method, cost: chosen.cost, notes });
}

/**
 * The index on a falling curve that lies farthest below the line between its ends, both scaled to
 * [0, 1]; the first on a flat curve.
 */
export function kneeOf(costs: readonly number[]): number {
  const first = costs[0] ?? 0;
  const last = costs.at(-1) ?? 0;
  if (costs.length < 3 || first <= last) return first > last ? costs.length - 1 : 0;
  const below = costs.map(
    (cost, at) => 1 - at / (costs.length - 1) - (cost - last) / (first - last),
  );
  return below.indexOf(Math.max(...below));
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= maxClusters;
}

/** Every row with the same chance, in their order. */
function sampled(rows: readonly Row[], random: Random): readonly Row[] {
  if (rows.length <= maxClusteredRows) return rows;
  let wanted = maxClusteredRows;
  return rows.filter((_, at) => {
    const take = random.next01() * (rows.length - at) < wanted;
    if (take) wanted -= 1;
    return take;
  });
}

interface Numbers {
  readonly column: number;
  readonly mean: number;
  readonly deviation: number;
}

interface Categories {
  readonly column: number;
  readonly values: readonly Cell[];
}

interface Table {
  readonly count: number;
  readonly width: number;
  readonly distinct: number;
  readonly numbers: readonly Numbers[];
  readonly categories: readonly Categories[];
  /** Row r, number j at `r · numbers + j`, standardised. */
  readonly points: Float64Array;
  /** Row r, category j at `r · categories + j`. */
  readonly codes: Int32Array;
}

function tableOf(rows: readonly Row[]): Table {
  const width = rows[0]?.length ?? 0;
  const numbers: Numbers[] = [];
  const categories: Categories[] = [];
  for (let column = 0; column < width; column += 1) {
    const cells = rows.map((row) => row[column] ?? '');
    const isNumeric = cells.every((cell) => typeof cell === 'number');
    if (isNumeric) numbers.push(momentsOf(column, cells.map(Number)));
    else categories.push({ column, values: [...new Set(cells)] });
  }
  const points = new Float64Array(rows.length * numbers.length);
  const codes = new Int32Array(rows.length * categories.length);
  const indexes = categories.map(({ values }) => new Map(values.map((value, at) => [value, at])));
  for (const [r, row] of rows.entries()) {
    for (const [j, { column, mean, deviation }] of numbers.entries()) {
      const z = (Number(row[column]) - mean) / deviation;
      points[r * numbers.length + j] = Number.isFinite(z) ? z : 0;
    }
    for (const [j, { column }] of categories.entries()) {
      codes[r * categories.length + j] = indexes[j]?.get(row[column] ?? '') ?? 0;
    }
  }
  const distinct = new Set(rows.map((row) => JSON.stringify(row))).size;
  return { count: rows.length, width, distinct, numbers, categories, points, codes };
}

/** Of the finite cells; a constant column has deviation 1, so that it stays where it is. */
function momentsOf(column: number, cells: readonly number[]): Numbers {
  const finite = cells.filter(Number.isFinite);
  const count = Math.max(1, finite.length);
  const mean = finite.reduce((sum, cell) => sum + cell, 0) / count;
  const variance = finite.reduce((sum, cell) => sum + (cell - mean) ** 2, 0) / count;
  return { column, mean, deviation: Math.sqrt(variance) || 1 };
}

interface Found {
  readonly cost: number;
  readonly members: Int32Array;
  readonly clusters: number;
}

function bestOf(table: Table, clusters: number, random: Random): Found {
  let best = descend(table, seedsOf(table, clusters, random));
  for (let restart = 1; restart < restarts && clusters > 1; restart += 1) {
    const next = descend(table, seedsOf(table, clusters, random));
    if (next.cost < best.cost) best = next;
  }
  return best;
}

interface Centres {
  readonly clusters: number;
  readonly points: Float64Array;
  readonly codes: Int32Array;
}

const gamma = 0.5;

function distance(table: Table, row: number, centres: Centres, cluster: number): number {
  const { numbers, categories, points, codes } = table;
  let sum = 0;
  for (let j = 0; j < numbers.length; j += 1) {
    const gap =
      (points[row * numbers.length + j] ?? 0) - (centres.points[cluster * numbers.length + j] ?? 0);
    sum += gap * gap;
  }
  for (let j = 0; j < categories.length; j += 1) {
    const own = codes[row * categories.length + j];
    if (own !== centres.codes[cluster * categories.length + j]) sum += gamma;
  }
  return sum;
}

/** k-means++: each next seed is a row, likelier the farther it is from those before. */
function seedsOf(table: Table, clusters: number, random: Random): Centres {
  const centres = emptyCentres(table, clusters);
  const nearest = new Float64Array(table.count).fill(Number.POSITIVE_INFINITY);
  let next = Math.floor(random.next01() * table.count);
  for (let cluster = 0; cluster < clusters; cluster += 1) {
    place(table, centres, { cluster, row: next });
    let total = 0;
    for (let row = 0; row < table.count; row += 1) {
      nearest[row] = Math.min(nearest[row] ?? 0, distance(table, row, centres, cluster));
      total += nearest[row] ?? 0;
    }
    let left = random.next01() * total;
    next = nearest.findIndex((share) => {
      left -= share;
      return left < 0;
    });
    if (next === -1) next = Math.floor(random.next01() * table.count);
  }
  return centres;
}

function emptyCentres(table: Table, clusters: number): Centres {
  return {
    clusters,
    points: new Float64Array(clusters * table.numbers.length),
    codes: new Int32Array(clusters * table.categories.length),
  };
}

function place(
  { numbers, categories, points, codes }: Table,
  centres: Centres,
  { cluster, row }: { readonly cluster: number; readonly row: number },
): void {
  const [n, c] = [numbers.length, categories.length];
  centres.points.set(points.subarray(row * n, (row + 1) * n), cluster * n);
  centres.codes.set(codes.subarray(row * c, (row + 1) * c), cluster * c);
}

/** Lloyd's rounds until nobody moves. */
function descend(table: Table, seeds: Centres): Found {
  const members = new Int32Array(table.count).fill(-1);
  let centres = seeds;
  let cost = 0;
  for (let round = 0; round < maxRounds; round += 1) {
    const assigned = assign(table, centres, members);
    cost = assigned.cost;
    if (!assigned.moved) break;
    centres = centresOf(table, members, centres);
  }
  return { cost, members, clusters: seeds.clusters };
}

function assign(
  table: Table,
  centres: Centres,
  members: Int32Array,
): { readonly cost: number; readonly moved: boolean } {
  let cost = 0;
  let moved = false;
  for (let row = 0; row < table.count; row += 1) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let cluster = 0; cluster < centres.clusters; cluster += 1) {
      const gap = distance(table, row, centres, cluster);
      if (gap < least) [best, least] = [cluster, gap];
    }
    moved ||= members[row] !== best;
    members[row] = best;
    cost += least;
  }
  return { cost, moved };
}

/** An empty cluster keeps the centre it had. */
function centresOf(table: Table, members: Int32Array, before: Centres): Centres {
  const { numbers, categories } = table;
  const after = emptyCentres(table, before.clusters);
  after.points.set(before.points);
  after.codes.set(before.codes);
  for (let cluster = 0; cluster < before.clusters; cluster += 1) {
    const rows: number[] = [];
    for (const [row, member] of members.entries()) if (member === cluster) rows.push(row);
    if (rows.length === 0) continue;
    for (let j = 0; j < numbers.length; j += 1) {
      const sum = rows.reduce((s, row) => s + (table.points[row * numbers.length + j] ?? 0), 0);
      after.points[cluster * numbers.length + j] = sum / rows.length;
    }
    for (let j = 0; j < categories.length; j += 1) {
      const own = rows.map((row) => table.codes[row * categories.length + j] ?? 0);
      after.codes[cluster * categories.length + j] = mostFrequent(own);
    }
  }
  return after;
}

/** Of equally frequent codes the lowest. */
function mostFrequent(codes: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  const ranked = [...counts].sort(([a, m], [b, n]) => n - m || a - b);
  return ranked[0]?.[0] ?? 0;
}

function centreRows(table: Table, found: Found): Row[] {
  const centres = centresOf(table, found.members, emptyCentres(table, found.clusters));
  const sizes = new Map<number, number>();
  for (const member of found.members) sizes.set(member, (sizes.get(member) ?? 0) + 1);
  const order = [...sizes].sort(([a, m], [b, n]) => n - m || a - b);
  return order.map(([cluster]) => {
    const row: Cell[] = new Array(table.width).fill('');
    for (const [j, { column, mean, deviation }] of table.numbers.entries()) {
      const z = centres.points[cluster * table.numbers.length + j] ?? 0;
      row[column] = mean + z * deviation;
    }
    for (const [j, { column, values }] of table.categories.entries()) {
      row[column] = values[centres.codes[cluster * table.categories.length + j] ?? 0] ?? '';
    }
    return row;
  });
}

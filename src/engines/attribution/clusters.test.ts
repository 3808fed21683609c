/** Baselines by clustering, against the costs of scikit-learn and kmodes. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { type Clustering, type ClusterRequest, clusterBaseline, kneeOf } from './clusters.ts';

const oracle: {
  numbers: number[][];
  categories: string[][];
  kmeans: number[];
  kprototypes: number[];
} = JSON.parse(readFileSync(new URL('./oracle/clusters.case.json', import.meta.url), 'utf8'));
const mixed = oracle.numbers.map((row, at) => [...row, ...(oracle.categories[at] ?? [])]);

function clustered(request: ClusterRequest): Clustering {
  const outcome = clusterBaseline(request);
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

describe('costs are as low as the others find them', () => {
  test.each(oracle.kmeans.map((cost, at) => [at + 1, cost] as const))('%d means', (k, cost) => {
    const found = clustered({ rows: oracle.numbers, numClusters: k });
    expect(found.method).toBe('k-means');
    expect(found.cost).toBeLessThan(cost * 1.02);
    // scikit-learn's is the best of fifty starts.
    expect(found.cost).toBeGreaterThan(cost * 0.98);
  });

  test.each(oracle.kprototypes.map((cost, at) => [at + 1, cost] as const))(
    '%d prototypes',
    (k, cost) => {
      const found = clustered({ rows: mixed, numClusters: k });
      expect(found.method).toBe('k-prototypes');
      expect(found.cost).toBeLessThan(cost * 1.02);
    },
  );
});

test('the number of clusters is found', () => {
  const found = clustered({ rows: mixed, seed: 3 });
  expect(found.rows).toHaveLength(3);
  const colours = found.rows.map((row) => row[3]);
  expect(new Set(colours)).toEqual(new Set(['red', 'green', 'blue']));
  const third = found.rows.map((row) => Math.round(Number(row[2]) / 5) * 5);
  expect(third.toSorted((a, b) => a - b)).toEqual([10, 25, 40]);
  expect(clustered({ rows: mixed, seed: 3 })).toEqual(found);
  expect(kneeOf([10, 3, 2, 1.5, 1])).toBe(1);
  expect(kneeOf([0, 0, 0])).toBe(0);
  expect(kneeOf([5])).toBe(0);
  expect(kneeOf([5, 1])).toBe(1);
});

test('one cluster is the mean and the most frequent', () => {
  const rows = [
    [1, 'a', Number.NaN],
    [2, 'b', 4],
    [6, 'b', 6],
  ];
  expect(clustered({ rows, numClusters: 1 }).rows).toEqual([[expect.closeTo(3, 12), 'b', 5]]);
});

test('few distinct rows give few clusters', () => {
  const same = clustered({
    rows: [
      [1, 'a'],
      [1, 'a'],
    ],
  });
  expect(same.rows).toEqual([[1, 'a']]);
  const two = clustered({ rows: [[1], [1], [5]], numClusters: 4 });
  expect(two.rows).toEqual([[1], [5]]);
  expect(two.notes[0]).toContain('2 distinct values');
  expect(clustered({ rows: [[7]] }).rows).toEqual([[7]]);
  expect(clustered({ rows: [['x'], ['y'], ['x']], numClusters: 2 }).rows).toEqual([['x'], ['y']]);
});

test('many rows are sampled, and it is said', () => {
  const random = seededRandom(5);
  const rows = Array.from({ length: 20_000 }, (_, at) => [(at % 2) * 10 + random.next01()]);
  const found = clustered({ rows, numClusters: 2 });
  expect(found.notes[0]).toContain('5000 of 20000 rows');
  const centres = found.rows.map(([x]) => Math.round(Number(x) * 10) / 10);
  expect(centres.toSorted((a, b) => a - b)).toEqual([0.5, 10.5]);
});

test.each([
  [{ rows: [] }, 'no rows'],
  [{ rows: [[1], [1, 2]] }, 'row 2 has 2 cells, not 1'],
  [{ rows: [[1]], numClusters: 0 }, 'num_clusters must be'],
  [{ rows: [[1]], numClusters: 1.5 }, 'num_clusters must be'],
])('%j is refused', (request, reason) => {
  const outcome = clusterBaseline(request);
  expect(outcome).toEqual({ ok: false, reason: expect.stringContaining(reason) });
});

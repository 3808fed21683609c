var __rewriteRelativeImportExtension = (this && this.__rewriteRelativeImportExtension) || function (path, preserveJsx) {
    if (typeof path === "string" && /^\.\.?\//.test(path)) {
        return path.replace(/\.(tsx)$|((?:\.d)?)((?:\.[^./]+?)?)\.([cm]?)ts$/i, function (m, tsx, d, ext, cm) {
            return tsx ? preserveJsx ? ".jsx" : ".js" : d && (!ext || !cm) ? m : (d + ext + "." + cm.toLowerCase() + "js");
        });
    }
    return path;
};
/** The flights example: its model is the same in ONNX, and its arithmetic is what it says. */
import { expect, test } from 'vitest';
import { loadModel } from '../src/adapters/onnx/model.js';
import { invoke } from '../src/adapters/onnx/server.js';
import { seededRandom } from '../src/kernel/random.js';
const example = (name) => import(__rewriteRelativeImportExtension(`../examples/flights/${name}.mjs`));
const random = seededRandom(7);
const rows = Array.from({ length: 2_000 }, () => [
    Math.floor(random.next01() * 24),
    Math.floor(random.next01() * 2_500),
    random.next01(),
    random.next01(),
]);
const labels = rows.map(([hour = 0, , late = 0]) => random.next01() < (hour / 24) * late + 0.1 ? 1 : 0);
test('the trees learn, and their ONNX form answers the same through the model server', async () => {
    const { areaUnderCurve, predict, train } = await example('boosting');
    const { toOnnx } = await example('onnx');
    const model = train(rows, labels);
    const scores = rows.map((row) => predict(model, row));
    expect(areaUnderCurve(scores, labels)).toBeGreaterThan(0.7);
    const served = await loadModel(toOnnx(model, 4));
    const body = rows.map((row) => row.join(',')).join('\n');
    const answer = await invoke(served, { contentType: 'text/csv', accept: 'text/csv', body });
    expect(answer.status).toBe(200);
    const answered = answer.body.trim().split('\n').map(Number);
    // ONNX computes in single precision: a row may fall on the other side of a threshold's rounding.
    const far = answered.filter((score, at) => Math.abs(score - (scores[at] ?? 0)) > 1e-5);
    expect(answered).toHaveLength(rows.length);
    expect(far.length).toBeLessThan(rows.length / 100);
});
test('the area under the curve counts ties as half', async () => {
    const { areaUnderCurve } = await example('boosting');
    expect(areaUnderCurve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
    expect(areaUnderCurve([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1])).toBe(0.5);
});
test('the distance is the largest gap between the two distribution functions', async () => {
    const { kolmogorovSmirnov, robustDistance, sorted } = await example('distance');
    expect(kolmogorovSmirnov([1, 2, 3, 4], [3, 4, 5, 6])).toBe(0.5);
    const gap = (a, b) => {
        const share = (values, x) => values.filter((v) => v <= x).length / values.length;
        return Math.max(...[...a, ...b].map((x) => Math.abs(share(a, x) - share(b, x))));
    };
    for (let round = 0; round < 50; round += 1) {
        const draw = (n) => Array.from({ length: n }, () => Math.floor(random.next01() * 9));
        const [a, b] = [draw(17), draw(23)];
        expect(kolmogorovSmirnov(sorted(a), sorted(b))).toBeCloseTo(gap(a, b), 12);
        expect(robustDistance(sorted(a), sorted(b))).toBeLessThanOrEqual(gap(a, b));
    }
});

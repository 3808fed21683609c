/**
 * Trains on January, and writes model.tar.gz with model.onnx in it: `node train.mjs OUT.tar.gz`.
 * The question: will a flight arrive more than 15 minutes late?
 */
import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { areaUnderCurve, predict, train } from './boosting.mjs';
import { featureNames, firstDay, openFlights } from './data.mjs';
import { toOnnx } from './onnx.mjs';

/** Every fifth row is kept aside to see how well the model does on flights it has not seen. */
export function trainOn(days) {
  const rows = days.flatMap((day) => day.rows);
  const labels = days.flatMap((day) => day.late);
  const seen = (_, i) => i % 5 !== 0;
  const unseen = (_, i) => i % 5 === 0;
  const model = train(rows.filter(seen), labels.filter(seen));
  const scores = rows.filter(unseen).map((row) => predict(model, row));
  return { model, areaUnderCurve: areaUnderCurve(scores, labels.filter(unseen)) };
}

export async function archiveOf(model) {
  const archive = pack();
  archive.entry({ name: 'model.onnx' }, toOnnx(model, featureNames.length));
  archive.finalize();
  const parts = [];
  for await (const part of archive) parts.push(part);
  return gzipSync(Buffer.concat(parts));
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [, , out = 'model.tar.gz'] = process.argv;
  const flights = await openFlights();
  const days = await flights.days({ from: firstDay, to: '2001-02-01', perDay: 2_500 });
  flights.close();
  const { model, areaUnderCurve: auc } = trainOn(days);
  await writeFile(out, await archiveOf(model));
  console.log(`${out}: trained on ${days.length} days, area under the curve ${auc.toFixed(3)}`);
}

/**
 * A program of its own: `node serve-onnx.js FOLDER PORT` serves the ONNX model in the folder on
 * loopback until SIGTERM. Started by the process launcher for the image `modelkeep/onnx`.
 */
import { reasonOf } from '../../kernel/outcome.ts';
import { findModel, loadModel } from './model.ts';
import { onnxServer } from './server.ts';

const [, , folder, port] = process.argv;

async function main(): Promise<void> {
  if (!folder || !port) throw new Error('usage: serve-onnx FOLDER PORT');
  const server = onnxServer(await loadModel(await findModel(folder)));
  server.listen(Number(port), '127.0.0.1');
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}

main().catch((cause: unknown) => {
  process.stderr.write(`${reasonOf(cause)}\n`);
  process.exit(1);
});

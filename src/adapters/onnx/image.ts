/** How the process launcher starts the ONNX server: an entry of its table of images. */
import { fileURLToPath } from 'node:url';

/** The compiled program beside this file; it exists only where the build ran. */
export const onnxProgramPath = fileURLToPath(new URL('./serve-onnx.js', import.meta.url));

interface OnnxImage {
  readonly command: readonly string[];
}

/** By image name. `{model}` and `{port}` are filled in by the launcher. */
export function onnxImages(programPath = onnxProgramPath): Readonly<Record<string, OnnxImage>> {
  return { 'modelkeep/onnx': { command: [process.execPath, programPath, '{model}', '{port}'] } };
}

/**
 * One ONNX model in memory, run by ONNX Runtime's WebAssembly build (the native one fetches parts
 * from elsewhere when it is installed).
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env, InferenceSession, Tensor } from 'onnxruntime-web';
import type { ElementType, Feed, InputInfo } from './input.ts';
import type { OutputTensor } from './output.ts';

export interface OnnxModel {
  readonly inputs: readonly InputInfo[];
  /** One after another; throws what the runtime throws. */
  run(feeds: readonly Feed[]): Promise<readonly OutputTensor[]>;
}

const elementTypes: readonly string[] = [
  'float32',
  'float64',
  'int32',
  'int64',
  'bool',
  'string',
] satisfies ElementType[];

/** The bytes of the only `.onnx` file in the folder, at any depth; throws when there is not one. */
export async function findModel(folder: string): Promise<Buffer> {
  const names = await readdir(folder, { recursive: true });
  const found = names.filter((name) => name.endsWith('.onnx'));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Error(`the model archive must hold one .onnx file, it holds ${found.length}`);
  }
  return readFile(join(folder, only));
}

export async function loadModel(bytes: Uint8Array): Promise<OnnxModel> {
  env.wasm.numThreads = 1;
  env.logLevel = 'error';
  const session = await InferenceSession.create(bytes);
  const outputs = session.outputMetadata.flatMap((output) => (output.isTensor ? output.name : []));
  if (outputs.length === 0) {
    throw new Error('no output of the model is a tensor: export classifiers without ZipMap');
  }
  let last: Promise<unknown> = Promise.resolve();
  return {
    inputs: session.inputMetadata.map(inputOf),
    run(feeds) {
      const done = last.then(() => runOnce(session, feeds, outputs));
      // The next run waits for this one, whatever its end; its caller gets the failure.
      last = done.catch(() => {});
      return done;
    },
  };
}

function inputOf(input: InferenceSession.ValueMetadata): InputInfo {
  if (!input.isTensor || !elementTypes.includes(input.type)) {
    const type = input.isTensor ? input.type : 'something else than a tensor';
    throw new Error(`the model's input ${input.name} is ${type}, which requests cannot fill`);
  }
  return { name: input.name, type: input.type as ElementType, dims: input.shape };
}

async function runOnce(
  session: InferenceSession,
  feeds: readonly Feed[],
  outputs: readonly string[],
): Promise<readonly OutputTensor[]> {
  const tensors = feeds.map(({ name, type, data, dims }) => {
    // The constructor has an overload for each type of data; together they take all of ours.
    return [name, new Tensor(type as 'float32', data as Float32Array, dims)] as const;
  });
  const results = await session.run(Object.fromEntries(tensors), outputs);
  return outputs.flatMap((name) => {
    const tensor = results[name];
    if (!tensor) return [];
    const data = tensor.data as OutputTensor['data'];
    return [{ name, type: tensor.type, dims: tensor.dims, data }];
  });
}

/** One launcher out of several: each image goes to the first that takes it. */
import { type Outcome, refuse } from '../kernel/outcome.ts';
import type { Launcher } from '../ports/launcher.ts';

export function firstOf(launchers: readonly Launcher[]): Launcher {
  const choose = (image: string) => launchers.find((launcher) => launcher.accepts(image));
  return {
    accepts: (image) => choose(image) !== undefined,
    async serve(spec, options) {
      return (await choose(spec.image)?.serve(spec, options)) ?? unknown(spec.image);
    },
    async run(spec, options) {
      return (await choose(spec.image)?.run(spec, options)) ?? unknown(spec.image);
    },
  };
}

function unknown(image: string): Outcome<never> {
  return refuse(
    `nothing here runs the image ${image}: name an http(s) URL of a model server, ` +
      'modelkeep/onnx or modelkeep/process, or add the image to "images" in the configuration',
  );
}

/**
 * Joins the thousand modules of the command line into a few files, because finding and opening them
 * is most of a start: dist/cli/main.js, and dist/bundle/ for what commands load when they need it. The
 * modules stay beside them: workers, tests and benches load those. Packages are not joined, nothing
 * is renamed or shortened, and `import.meta.url` goes on telling a module where it was.
 */
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';

/** `dist` is a folder that `tsc` has written. */
export async function bundle(dist) {
  const build = await rolldown({
    input: { main: join(dist, 'cli/main.js') },
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    plugins: [ownPlaces(dist)],
    treeshake: false,
    logLevel: 'warn',
  });
  await build.write({
    dir: dist,
    format: 'esm',
    entryFileNames: 'cli/[name].js',
    chunkFileNames: 'bundle/[name]-[hash].js',
    sourcemap: false,
    minify: false,
  });
  await build.close();
}

/** Every joined file lies one folder below dist/, so the way from there to a module is one text. */
function ownPlaces(dist) {
  return {
    name: 'own-places',
    transform(code, id) {
      if (!code.includes('import.meta.url')) return undefined;
      const place = `new URL(${JSON.stringify(`../${relative(dist, id)}`)}, import.meta.url).href`;
      return { code: code.replaceAll('import.meta.url', place) };
    },
  };
}

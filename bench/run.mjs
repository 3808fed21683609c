/**
 * `npm run bench -- NAME`: runs a bench and prints its table and then one JSON line for each of its claims.
 * A claim is a ratio to a named baseline measured in the same run; at or above its goal is good. A bench
 * module exports `title` and `run({ say, quick })`, which resolves to its claims.
 */
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const notBenches = new Set(['run.mjs', 'peers.mjs']);
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs') && !notBenches.has(file))
  .map((file) => file.slice(0, -'.mjs'.length))
  .sort();

const given = process.argv.slice(2);
const quick = given.includes('--quick');
const [asked, ...more] = given.filter((argument) => argument !== '--quick');
if (asked === '--list') {
  for (const name of names) {
    const { title } = await import(`./${name}.mjs`);
    console.log(`${name}: ${title}`);
  }
  process.exit(0);
}
const chosen = asked === 'all' ? names : names.filter((name) => name === asked);
if (chosen.length === 0 || more.length > 0) {
  console.error(
    `usage: npm run bench -- NAME|all [--quick] | --list\nbenches: ${names.join(', ')}`,
  );
  process.exit(2);
}
const say = (line) => console.log(line);
let missed = 0;
for (const name of chosen) {
  const { title, run } = await import(`./${name}.mjs`);
  say(`# ${name}: ${title}`);
  for (const claim of await run({ say, quick })) {
    say(JSON.stringify({ bench: name, ...claim }));
    if (!(claim.ratio >= claim.goal)) missed += 1;
  }
}
if (missed > 0) console.error(`${missed} claims miss their goal`);
process.exit(missed > 0 ? 1 : 0);

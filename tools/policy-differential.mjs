/**
 * Compares the policy engine of dist/ with its reference over random cases.
 * node tools/policy-differential.mjs [--cases N] [--seed S]; exits 1 at the first difference.
 */
import { parseArgs } from 'node:util';

const { seededRandom } = await import('../dist/kernel/random.js');
const { compareCase, makeCases, questionsInCase } = await import(
  '../dist/engines/policy/random-cases.js'
);

const { values } = parseArgs({ options: { cases: { type: 'string' }, seed: { type: 'string' } } });
const cases = Number(values.cases ?? '1000000');
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const source = makeCases(seededRandom(seed));
const effects = {};
const started = performance.now();
for (let done = 0; done < cases; done += questionsInCase) {
  const { effects: told, difference } = compareCase(source.next());
  if (difference) {
    console.error(`seed ${seed}, after ${done} cases: ${difference}`);
    process.exit(1);
  }
  for (const effect of told) effects[effect] = (effects[effect] ?? 0) + 1;
  if (done % 100_000 === 0) console.log(`${done} cases agree`);
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${cases} cases agree (seed ${seed}, ${seconds} s): ${JSON.stringify(effects)}`);

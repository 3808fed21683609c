/** The evaluator against its plain second self, over random policies and questions. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../kernel/random.ts';
import { compareCase, makeCases, questionsInCase } from './random-cases.ts';

/** More are compared by tools/policy-differential.mjs. */
const cases = 20_000;
const seed = Math.floor(Math.random() * 2 ** 31);

test(`${cases} random decisions agree with the reference (seed ${seed})`, () => {
  const source = makeCases(seededRandom(seed));
  const effects: Record<string, number> = { allowed: 0, explicitDeny: 0, implicitDeny: 0 };
  for (let i = 0; i < cases; i += questionsInCase) {
    const compared = compareCase(source.next());
    if (compared.difference) throw new Error(`seed ${seed}: ${compared.difference}`);
    for (const effect of compared.effects) effects[effect] = (effects[effect] ?? 0) + 1;
  }
  // Each answer must be common for the comparison to mean anything.
  for (const count of Object.values(effects)) expect(count).toBeGreaterThan(cases / 20);
});

/**
 * Decisions about one caller with 20 policies of 200 statements, against Cedar and OPA in WebAssembly
 * on equivalent policies and the same questions. Each side has its policies parsed beforehand; the
 * answers of all three must be the same or the bench fails.
 */
import { readFileSync } from 'node:fs';
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import opa from '@open-policy-agent/opa-wasm';
import { compilePolicy } from '../dist/engines/policy/compile.js';
import { decide } from '../dist/engines/policy/decide.js';
import { parsePolicy } from '../dist/engines/policy/parse.js';
import {
  cedarContext,
  cedarPolicies,
  iamDocuments,
  questions,
  rego,
  regoInput,
} from './policy/statements.mjs';

export const title = 'policy decisions over 200 statements, against Cedar and OPA';

const ROUNDS = 7;
const QUESTIONS = 2_000;
/** Questions that a round of the slower two asks; ours asks all of them several times. */
const PEER_QUESTIONS = 400;
const OWN_REPEATS = 10;
const ARN = 'arn:aws:iam::111122223333:user/ada';

export async function run({ say, quick }) {
  const asked = questions(QUESTIONS);
  const sides = [await modelkeep(), cedar(), await openPolicyAgent()];
  const allowed = agreed(sides, asked);
  say(`${asked.length} questions, of which ${allowed} are allowed; all three answer alike`);
  const rounds = quick ? 2 : ROUNDS;
  const rates = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    sides.forEach((side, at) => rates[at].push(rateOf(side, asked)));
  }
  const medians = rates.map(median);
  sides.forEach(({ name }, at) => {
    const perSecond = Math.round(medians[at]).toLocaleString('en');
    say(`${name.padEnd(24)} ${perSecond.padStart(10)} decisions/s`);
  });
  const [own, ...peers] = medians;
  const best = peers.indexOf(Math.max(...peers));
  return [
    {
      metric: 'decisions per second',
      ratio: own / peers[best],
      goal: 1,
      baseline: sides[best + 1].name,
      detail: `${Math.round(own)}/s against ${Math.round(peers[best])}/s, medians of ${rounds}`,
    },
  ];
}

async function modelkeep() {
  const identity = iamDocuments().map((text, at) => {
    const parsed = parsePolicy(text, 'identity');
    if (!parsed.ok) throw new Error(parsed.reason);
    return { id: `P${at}`, type: 'managed', compiled: compilePolicy(parsed.value) };
  });
  const principal = { kind: 'user', account: '111122223333', arn: ARN };
  const sets = { identity, owner: '111122223333', rule: 'beside' };
  const names = new Map([
    ['aws:requestedregion', 'region'],
    ['aws:securetransport', 'secure'],
    ['aws:multifactorauthage', 'mfaAge'],
    ['aws:resourcetag/team', 'team'],
    ['aws:sourceip', 'ip'],
  ]);
  return {
    name: 'Modelkeep',
    repeats: OWN_REPEATS,
    most: QUESTIONS,
    allows({ action, resource, keys }) {
      const key = (name) => keys[names.get(name)];
      return decide({ action, resource, principal, key }, sets).effect === 'allowed';
    },
  };
}

function cedar() {
  const made = preparsePolicySet('bench', { staticPolicies: cedarPolicies().join('\n') });
  if (made.type !== 'success') throw new Error(JSON.stringify(made.errors));
  const principal = { type: 'User', id: 'ada' };
  return {
    name: 'Cedar 4.13.0 (wasm)',
    repeats: 1,
    most: PEER_QUESTIONS,
    allows(question) {
      const answer = statefulIsAuthorized({
        principal,
        action: { type: 'Action', id: question.action },
        resource: { type: 'Resource', id: question.resource },
        context: cedarContext(question),
        preparsedPolicySetId: 'bench',
        entities: [],
        validateRequest: false,
      });
      if (answer.type !== 'success') throw new Error(JSON.stringify(answer.errors));
      if (answer.response.diagnostics.errors.length > 0) throw new Error('a Cedar policy failed');
      return answer.response.decision === 'allow';
    },
  };
}

async function openPolicyAgent() {
  const file = (name) => new URL(`./policy/${name}`, import.meta.url);
  if (readFileSync(file('policy.rego'), 'utf8') !== rego()) {
    throw new Error('bench/policy/policy.rego is not what statements.mjs makes: see its README');
  }
  const policy = await opa.loadPolicy(readFileSync(file('policy.wasm')));
  return {
    name: 'OPA 1.22.2 (wasm)',
    repeats: 1,
    most: PEER_QUESTIONS,
    allows: (question) => policy.evaluate(regoInput(question))[0].result === true,
  };
}

/** How many are allowed; throws for a question that two sides answer differently. */
function agreed([own, ...peers], asked) {
  let allowed = 0;
  for (const question of asked) {
    const answer = own.allows(question);
    allowed += Number(answer);
    for (const peer of peers) {
      if (peer.allows(question) === answer) continue;
      throw new Error(`${peer.name} does not say ${answer} to ${JSON.stringify(question)}`);
    }
  }
  return allowed;
}

function rateOf({ allows, repeats, most }, asked) {
  const questions = asked.slice(0, most);
  let allowed = 0;
  const start = performance.now();
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const question of questions) allowed += Number(allows(question));
  }
  const seconds = (performance.now() - start) / 1_000;
  if (allowed === 0) throw new Error('nothing is allowed');
  return (questions.length * repeats) / seconds;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

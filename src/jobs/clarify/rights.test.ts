/** Which rights the role of a job needs to ask a model, and what it is told without them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Bench, csvModel, type Given, reasonIn, valueOf } from './clarify.fixture.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await new Bench().open();
  bench.says = csvModel(([x = 0]) => x);
});
afterEach(() => bench.close());

const files = { 'dataset.csv': 'x,y\n1,2\n2,3\n3,5\n' };
const shap = { baseline: [[0, 0]], num_samples: 4, agg_method: 'mean_abs', seed: 1 };

function explain(predictor: object, given: Given = {}) {
  const config = { dataset_type: 'text/csv', headers: ['x', 'y'], methods: { shap }, predictor };
  const rows = { 'dataset.csv': files['dataset.csv'].replace('x,y\n', '') };
  return bench.run(config, { files: rows, ...given });
}

const model = { model_name: 'm', content_type: 'text/csv', accept_type: 'text/csv' };

describe('the role of a job that asks a model', () => {
  test('needs the rights over an endpoint made for the job', async () => {
    valueOf(await explain(model));
    const scope = 'arn:aws:sagemaker:eu-west-1:123456789012';
    expect(bench.allowed).toEqual([
      {
        action: 'sagemaker:CreateEndpointConfig',
        resource: `${scope}:endpoint-config/sm-clarify-job`,
        keys: { 'sagemaker:modelarn': `${scope}:model/m` },
      },
      { action: 'sagemaker:CreateEndpoint', resource: `${scope}:endpoint/sm-clarify-job` },
      { action: 'sagemaker:CreateEndpoint', resource: `${scope}:endpoint-config/sm-clarify-job` },
      { action: 'sagemaker:InvokeEndpoint', resource: `${scope}:endpoint/sm-clarify-job` },
    ]);
  });

  test('needs to be allowed to invoke an endpoint that is named', async () => {
    await bench.endpoint('live');
    valueOf(await explain({ ...model, endpoint_name: 'live' }));
    expect(bench.allowed).toMatchObject([
      {
        action: 'sagemaker:InvokeEndpoint',
        resource: 'arn:aws:sagemaker:eu-west-1:123456789012:endpoint/live',
      },
    ]);
  });

  test.each(['CreateEndpointConfig', 'CreateEndpoint', 'InvokeEndpoint'])(
    'is told that it lacks %s, and nothing is started',
    async (name) => {
      bench.forbidden = `sagemaker:${name}`;
      const reason = reasonIn(await explain(model));
      expect(reason).toMatch(/^ClientError: AccessDenied \(403\): User: /);
      expect(reason).toContain(`is not authorized to perform: sagemaker:${name} on resource: `);
      expect(bench.served).toBe(0);
    },
  );

  test('is told so before it is told whether there is such a model', async () => {
    bench.forbidden = 'sagemaker:CreateEndpoint';
    const reason = reasonIn(await explain({ ...model, model_name: 'none' }));
    expect(reason).toContain('sagemaker:CreateEndpoint');
  });

  test('must be there, and be named', async () => {
    const none = reasonIn(await explain(model, { roleArn: '' }));
    expect(none).toBe('ClientError: the job has no role to act with');
    const gone = 'arn:aws:iam::123456789012:role/gone';
    const reason = reasonIn(await explain(model, { roleArn: gone }));
    expect(reason).toBe(`ClientError: Could not assume role ${gone}: there is no role ${gone}`);
  });

  test('needs nothing where no model is asked', async () => {
    const config = {
      ...{ dataset_type: 'text/csv', headers: ['x', 'y'], label: 'y' },
      label_values_or_threshold: [2],
      facet: [{ name_or_index: 'x', value_or_threshold: [1] }],
      methods: { pre_training_bias: { methods: ['CI'] } },
    };
    bench.forbidden = 'sagemaker:InvokeEndpoint';
    valueOf(await bench.run(config, { files: { 'dataset.csv': '1,2\n2,3\n3,5\n' } }));
    expect(bench.allowed).toEqual([]);
  });
});

/** The analysis configuration: what is read, and refusals that name the key. */
import { expect, test } from 'vitest';
import { type ClarifyConfig, parseConfig } from './config.ts';

const least = {
  label: 'y',
  facet: [{ name_or_index: 'Sex' }],
  methods: { pre_training_bias: { methods: 'all' } },
};

function parsed(document: object): ClarifyConfig {
  const config = parseConfig(JSON.stringify(document));
  if (!config.ok) throw new Error(config.reason);
  return config.value;
}

test('what is not said has the values of the original', () => {
  const config = parsed(least);
  expect(config).toMatchObject({
    datasetType: 'text/csv',
    probabilityThreshold: 0.5,
    methods: { preTrainingBias: 'all', postTrainingBias: undefined, shap: undefined },
    facets: [{ column: 'Sex', values: undefined }],
    report: { name: 'report', title: 'Analysis Report' },
    extras: { parityDistance: false, ndcgThreshold: 0.9, parallelism: 4 },
  });
  const explained = parsed({ methods: { shap: {}, pdp: {} }, predictor: { model_name: 'm' } });
  expect(explained.methods).toMatchObject({
    shap: { aggregation: 'mean_abs', useLogit: false, saveLocalValues: false, seed: undefined },
    pdp: { features: undefined, topFeatures: 10, gridResolution: 15 },
  });
  expect(explained.predictor).toMatchObject({ contentType: 'text/csv', acceptType: 'text/csv' });
});

test('a configuration of every key', () => {
  const config = parsed({
    version: '1.0',
    dataset_type: 'application/json',
    dataset_uri: 's3://b/data',
    features: 'instances[*].features',
    headers: ['Age', 'Sex', 'Target'],
    label: 'instances[*].label',
    label_values_or_threshold: 1,
    facet: { name_or_index: 1, value_or_threshold: [] },
    facet_dataset_uri: 's3://b/facets',
    facet_headers: ['Sex'],
    predicted_label: 0,
    predicted_label_dataset_uri: 's3://b/predicted',
    predicted_label_headers: ['p'],
    joinsource_name_or_index: 'id',
    excluded_columns: ['id', 3],
    group_variable: 'Age',
    probability_threshold: 0.7,
    methods: {
      pre_training_bias: { methods: ['CI', 'DPL'] },
      post_training_bias: { methods: ['all'] },
      shap: {
        baseline: [[1, 'a']],
        num_samples: 50,
        agg_method: 'median',
        seed: 3,
        use_logit: true,
      },
      pdp: { features: ['Age'], grid_resolution: 5, top_k_features: 3 },
      report: { name: 'r', title: 'T' },
    },
    predictor: {
      model_name: 'm',
      instance_type: 'ml.m5.xlarge',
      initial_instance_count: 1,
      endpoint_name_prefix: 'p',
      accelerator_type: 'ml.eia1.medium',
      content_template: '{"instances":$records}',
      record_template: '$features_kvp',
      probability: 'predictions[*].score',
      label_headers: ['no', 'yes'],
      custom_attributes: 'a=b',
    },
    modelkeep: { intersectional_facets: [['Sex', 'Age']], ndcg_threshold: 0.8, max_rows: 9 },
  });
  expect(config.facets).toEqual([{ column: 1, values: undefined }]);
  expect(config.labelValues).toEqual([1]);
  expect(config.methods.preTrainingBias).toEqual(['CI', 'DPL']);
  expect(config.methods.postTrainingBias).toBe('all');
  expect(config.predictor).toMatchObject({ contentType: 'application/json' });
  expect(config.extras).toMatchObject({ ndcgThreshold: 0.8, maxRows: 9 });
  expect(config.notes).toHaveLength(4);
  expect(config.notes[0]).toMatch(/^predictor\.\w+ has no effect/);
});

const wrong: readonly (readonly [key: RegExp, change: object])[] = [
  [/version must be "1.0", and is "2"/, { version: '2' }],
  [/dataset_type application\/x-image is not supported/, { dataset_type: 'application/x-image' }],
  [/dataset_type must be one of text\/csv/, { dataset_type: 'csv' }],
  [/dataset_uri must be s3:/, { dataset_uri: '/tmp/x' }],
  [/headers has "a" twice/, { headers: ['a', 'a'] }],
  [/headers must be a list of texts/, { headers: [1] }],
  [/label must be a name or a 0-based index, and is -1/, { label: -1 }],
  [/label_values_or_threshold must be a list of numbers/, { label_values_or_threshold: [null] }],
  [/facet\[0\].name_or_index is missing/, { facet: [{}] }],
  [/facet\[0\].value is not a known key/, { facet: [{ name_or_index: 'a', value: 1 }] }],
  [/facet is missing/, { facet: undefined }],
  [/lable is not a known key; known are /, { lable: 'y' }],
  [/features has no meaning where dataset_type is text\/csv/, { features: 'a' }],
  [/facet_headers is given without facet_dataset_uri/, { facet_headers: ['a'] }],
  [/time_series_data_config is not supported/, { time_series_data_config: {} }],
  [/methods is missing/, { methods: undefined }],
  [/methods must name one of/, { methods: { report: {} } }],
  [/methods must be an object/, { methods: [] }],
  [/methods.shap.text_config is not supported/, { methods: { shap: { text_config: {} } } }],
  [/methods.shap.agg_method must be one of mean_abs/, { methods: { shap: { agg_method: 'max' } } }],
  [/methods.shap.num_samples must be a whole number/, { methods: { shap: { num_samples: 0.5 } } }],
  [/methods.shap.baseline must be a list of rows/, { methods: { shap: { baseline: [] } } }],
  [/methods.pdp.features is missing/, { methods: { pdp: {} } }],
  [/methods.cohort is not supported/, { methods: { cohort: {} } }],
  [/predictor.target_model is not supported/, { predictor: { target_model: 'x' } }],
  [/predictor.content_type must be one of/, { predictor: { content_type: 'image/png' } }],
  [/predictor.content_template has no meaning/, { predictor: { content_template: '$records' } }],
  [
    /predictor.content_template must have \$records or \$record/,
    { predictor: { content_type: 'application/json', content_template: '{}' } },
  ],
  [
    /predictor.content_template must have \$features/,
    { predictor: { content_type: 'application/jsonlines', content_template: '{}' } },
  ],
  [/predictor.custom_attributes must be at most/, { predictor: { custom_attributes: 'a\nb' } }],
  [/modelkeep.parallelism must be a whole number from 1 to 64/, { modelkeep: { parallelism: 99 } }],
  [
    /modelkeep.intersectional_facets must be lists/,
    { modelkeep: { intersectional_facets: ['a'] } },
  ],
];

test.each(wrong)('%s', (key, change) => {
  const config = parseConfig(JSON.stringify({ ...least, ...change }));
  expect(config).toMatchObject({ ok: false, reason: expect.stringMatching(key) });
});

test('a text that is no JSON object', () => {
  for (const text of ['', '[]', '{', 'null']) {
    expect(parseConfig(text)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^analysis_config: /),
    });
  }
});

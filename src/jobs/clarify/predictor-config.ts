/** The `predictor` of an analysis configuration: which model is asked, and how. */
import { contentTypes, type PredictorPlan } from '../predictor/plan.ts';
import type { ConfigReader } from './config-reader.ts';

/** Keys of machines: the model runs here, whatever they say. */
const ignored = [
  'instance_type',
  'initial_instance_count',
  'accelerator_type',
  'endpoint_name_prefix',
];
const longestAttributes = 1_024;

/** Throws `Misconfigured`. `notes` takes a sentence for each key that has no effect. */
export function readPredictor(
  reader: ConfigReader,
  datasetType: string,
  notes: string[],
): PredictorPlan {
  reader.unbuilt(['target_model', 'time_series_predictor_config']);
  for (const key of ignored) {
    if (reader.raw(key) !== undefined) {
      notes.push(`${reader.pathOf(key)} has no effect: the model is run on this server.`);
    }
  }
  const contentType =
    reader.oneOf('content_type', contentTypes) ??
    contentTypes.find((type) => type === datasetType) ??
    'text/csv';
  const plan: PredictorPlan = {
    modelName: reader.text('model_name'),
    endpointName: reader.text('endpoint_name'),
    contentType,
    acceptType: reader.oneOf('accept_type', contentTypes) ?? contentType,
    contentTemplate: reader.text('content_template'),
    recordTemplate: reader.text('record_template'),
    label: reader.nameOrIndex('label'),
    probability: reader.nameOrIndex('probability'),
    labelHeaders: reader.values('label_headers'),
    customAttributes: reader.text('custom_attributes'),
  };
  reader.finish();
  checkPlan(reader, plan);
  return plan;
}

function checkPlan(reader: ConfigReader, plan: PredictorPlan): void {
  const { contentType, contentTemplate: content, recordTemplate: record } = plan;
  const attributes = plan.customAttributes ?? '';
  if (attributes.length > longestAttributes || /[^\x20-\x7e]/.test(attributes)) {
    reader.fail('custom_attributes', `must be at most ${longestAttributes} printable characters`);
  }
  if (contentType === 'text/csv') {
    if (content !== undefined) reader.fail('content_template', 'has no meaning for text/csv');
    if (record !== undefined) reader.fail('record_template', 'has no meaning for text/csv');
    return;
  }
  if (contentType === 'application/jsonlines') checkLineTemplate(reader, content);
  else checkDocumentTemplate(reader, content, record);
}

const featuresPlaceholder = /\$features(_kvp)?\b|\$\{[^}]+\}/;

function checkLineTemplate(reader: ConfigReader, content: string | undefined): void {
  if (content === undefined || featuresPlaceholder.test(content)) return;
  reader.fail(
    'content_template',
    'must have $features, $features_kvp or "${name}" where the cells go',
  );
}

function checkDocumentTemplate(
  reader: ConfigReader,
  content: string | undefined,
  record: string | undefined,
): void {
  if (content !== undefined && !/\$records?\b/.test(content)) {
    reader.fail('content_template', 'must have $records or $record where the rows go');
  }
  if (record !== undefined && !featuresPlaceholder.test(record)) {
    reader.fail(
      'record_template',
      'must have $features, $features_kvp or "${name}" where the cells go',
    );
  }
}

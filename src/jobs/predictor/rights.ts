/**
 * What the role of a job needs to ask a model: the rights that the original uses on its way. Where
 * an endpoint is named they are to invoke it; else to make an endpoint of the model for the work
 * alone, and to invoke that.
 */
import { hostedArn } from '../../engines/hosting/names.ts';
import { tagsOf } from '../../engines/hosting/tags.ts';
import type { Scope } from '../../kernel/arn.ts';
import type { Check } from '../../kernel/check.ts';
import type { Reader } from '../../ports/metadata-store.ts';

export interface AskedModel {
  readonly scope: Scope;
  /** The job's. */
  readonly name: string;
  readonly endpointName?: string | undefined;
  readonly modelName?: string | undefined;
}

/** Of the endpoint of a job, as the original names it: policies can be about `sm-clarify-*`. */
export const shadowPrefix = 'sm-clarify-';

/** None when nothing is named that could be asked. */
export function askingChecks(store: Reader, asked: AskedModel): readonly Check[] {
  const { scope, name, endpointName, modelName } = asked;
  const invoke = (endpoint: string): Check => ({
    action: 'sagemaker:InvokeEndpoint',
    resource: hostedArn(scope, 'endpoint', endpoint),
  });
  if (endpointName !== undefined) {
    const check = invoke(endpointName);
    const tags = async () => {
      const pairs = await tagsOf(store, check.resource);
      return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
    };
    return [{ ...check, resourceTags: tags }];
  }
  if (modelName === undefined) return [];
  const shadow = `${shadowPrefix}${name}`;
  const config = hostedArn(scope, 'endpoint-config', shadow);
  return [
    {
      action: 'sagemaker:CreateEndpointConfig',
      resource: config,
      keys: { 'sagemaker:modelarn': hostedArn(scope, 'model', modelName) },
    },
    { action: 'sagemaker:CreateEndpoint', resource: hostedArn(scope, 'endpoint', shadow) },
    { action: 'sagemaker:CreateEndpoint', resource: config },
    invoke(shadow),
  ];
}

/** What the port of the data plane answers: invocations, whether it is ready, no to the rest. */

import { systemRandom } from '../../adapters/system/system.ts';
import { uuid } from '../../kernel/ids.ts';
import { drain } from '../../wire/request.ts';
import { answerJson, fixedRoute, type Route } from '../http.ts';
import { healthPath } from '../unseal-route.ts';
import type { Setup } from './messages.ts';

export function routesOf(
  { mainUrl }: Pick<Setup, 'mainUrl'>,
  invocations: Route,
): readonly Route[] {
  return [
    invocations,
    fixedRoute('GET', healthPath, (response) => answerJson(response, 200, { status: 'ready' })),
    {
      matches: () => true,
      async handle(request, response) {
        const message =
          'This port serves InvokeEndpoint and InvokeEndpointWithResponseStream alone; ' +
          `everything else is at ${mainUrl}.`;
        response.setHeader('x-amzn-errortype', 'UnknownOperationException');
        response.setHeader('x-amzn-requestid', uuid(systemRandom));
        const error = { code: 'UnknownOperationException', message };
        answerJson(response, 404, { __type: error.code, message, error });
        drain(request);
      },
    },
  ];
}

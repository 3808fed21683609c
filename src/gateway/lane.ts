/** What is the same for all requests that one variant of an endpoint answers: made once. */
import type { CaptureTarget } from '../engines/capture/layout.ts';
import type { Counted } from '../engines/hosting/counters.ts';
import type { LiveEndpoint } from '../engines/hosting/fleet.ts';

export interface Lane {
  readonly counted: Counted;
  /** Undefined for an endpoint without a capture plan. */
  readonly target: CaptureTarget | undefined;
}

/** A change of an endpoint makes a new object of it, and by that new lanes. */
const lanes = new WeakMap<LiveEndpoint, Map<string, Lane>>();

export function laneOf(live: LiveEndpoint, variantName: string): Lane {
  let ofEndpoint = lanes.get(live);
  if (!ofEndpoint) {
    ofEndpoint = new Map();
    lanes.set(live, ofEndpoint);
  }
  const known = ofEndpoint.get(variantName);
  if (known) return known;
  const counted = { scope: live.scope, endpoint: live.name, variant: variantName };
  const lane = { counted, target: targetOf(live, variantName) };
  ofEndpoint.set(variantName, lane);
  return lane;
}

function targetOf(live: LiveEndpoint, variantName: string): CaptureTarget | undefined {
  const { capture, name: endpointName } = live;
  if (!capture) return undefined;
  const { destinationUri, keyId } = capture;
  const writer = writerOf(live, variantName);
  const key = keyId === undefined ? {} : { keyId };
  return { destinationUri, endpointName, variantName, writer, ...key };
}

/** Whoever answered: what is captured of a model is written by the right of its role. */
function writerOf({ scope, arn: endpointArn, variants, shadows }: LiveEndpoint, name: string) {
  const answering = [...variants, ...shadows].find(({ variant }) => variant.name === name);
  const roleArn = answering?.variant.roleArn;
  return { scope, endpointArn, ...(roleArn === undefined ? {} : { roleArn }) };
}

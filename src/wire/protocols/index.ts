/** The protocols the server speaks, by name. */
import { cborProtocol } from './cbor.ts';
import { jsonProtocol } from './json.ts';
import type { Protocol, ProtocolId } from './protocol.ts';
import { ec2Protocol, queryProtocol } from './query.ts';
import { restJsonProtocol, restXmlProtocol } from './rest.ts';

export const protocols: Readonly<Record<ProtocolId, Protocol>> = {
  'json-1.0': jsonProtocol('1.0'),
  'json-1.1': jsonProtocol('1.1'),
  query: queryProtocol,
  ec2: ec2Protocol,
  'rest-json': restJsonProtocol,
  'rest-xml': restXmlProtocol,
  'rpc-v2-cbor': cborProtocol,
};

/** The undici forwarder under the forwarder's contract. */
import { forwarderContract } from '../../ports/forwarder.contract.ts';
import { undiciForwarder } from './forwarder.ts';

forwarderContract(() => undiciForwarder({ connectTimeoutMs: 500 }));

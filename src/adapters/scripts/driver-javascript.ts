/**
 * What stands between the server and a script in JavaScript: loads it, calls its handler by record,
 * and keeps the channel apart from what the script prints. Not a sandbox: that is around it.
 * It speaks as the driver for Python does.
 */
export const javascriptDriver = String.raw`
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format } from 'node:util';

const REQUESTS = 3;
const REPLIES = 4;
const MOST_NAME_LISTS = 1000;
const MOST_TRACE = 4000;
const here = dirname(fileURLToPath(import.meta.url));
const scriptFolder = here + '/script/';
const scriptUrl = pathToFileURL(scriptFolder).href;

class Refused extends Error {}

class Side {
  constructor({ data, encoding, mode, observedContentType }) {
    this.data = data;
    this.encoding = encoding;
    this.mode = mode;
    this.observedContentType = observedContentType;
  }
  get observed_content_type() { return this.observedContentType; }
}

class EventMetadata {
  constructor({ eventId, inferenceTime, inferenceId, customAttributes }) {
    this.eventId = eventId;
    this.eventTime = inferenceTime;
    this.inferenceId = inferenceId;
    this.customAttribute = customAttributes;
  }
  get customAttributes() { return this.customAttribute; }
  get event_id() { return this.eventId; }
  get event_time() { return this.eventTime; }
  get inference_id() { return this.inferenceId; }
  get custom_attribute() { return this.customAttribute; }
  get custom_attributes() { return this.customAttribute; }
}

const side = (given) => (given === undefined || given === null ? undefined : new Side(given));

class InferenceRecord {
  constructor({ captureData, groundTruthData, eventMetadata, eventVersion }) {
    this.endpointInput = side(captureData?.endpointInput);
    this.endpointOutput = side(captureData?.endpointOutput);
    this.batchTransformOutput = side(captureData?.batchTransformOutput);
    this.groundTruth = side(groundTruthData);
    this.eventMetadata = new EventMetadata(eventMetadata ?? {});
    this.eventVersion = eventVersion;
  }
  get endpoint_input() { return this.endpointInput; }
  get endpoint_output() { return this.endpointOutput; }
  get batch_transform_output() { return this.batchTransformOutput; }
  get ground_truth() { return this.groundTruth; }
  get event_metadata() { return this.eventMetadata; }
  get event_version() { return this.eventVersion; }
  get event_data() { return this.eventData; }
  get eventData() {
    const { endpointInput, endpointOutput, batchTransformOutput, groundTruth } = this;
    return { endpointInput, endpointOutput, batchTransformOutput, groundTruthData: groundTruth };
  }
}

function told(error) {
  if (error instanceof Refused) return error.message;
  let stack;
  try {
    stack = error instanceof Error ? String(error.stack) : 'threw ' + String(error);
  } catch {
    return 'threw a value that cannot be shown';
  }
  const ours = /driver\.mjs|node:internal|\(internal\//;
  const kept = stack.split('\n').filter((line) => !ours.test(line));
  const text = kept.join('\n').replaceAll(scriptUrl, '').replaceAll(scriptFolder, '').trim();
  if (text.length <= MOST_TRACE) return text;
  const half = MOST_TRACE / 2;
  return text.slice(0, half) + '\n…\n' + text.slice(-half);
}

function typeName(value) {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return Array.isArray(value) ? 'Array' : value.constructor?.name ?? 'object';
}

function cell(key, value) {
  if (value === undefined || value === null) return null;
  const type = typeof value;
  if (type === 'boolean' || type === 'bigint') return String(value);
  if (type === 'number') {
    if (Number.isNaN(value)) return null;
    if (Number.isFinite(value)) return String(value);
    throw new Refused('the value of ' + JSON.stringify(key) + ' is not finite: ' + value);
  }
  throw new Refused(
    'the value of ' + JSON.stringify(key) + ' is of type ' + typeName(value) +
      ': a value must be a string, a number, a boolean or null',
  );
}

function isFlat(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

const known = new Map();

function rowOf(returned, fresh) {
  if (!isFlat(returned)) {
    throw new Refused(
      'the handler returned a value of type ' + typeName(returned) + ': it must be a flat ' +
        'object, a list of flat objects, or nothing to leave the record out',
    );
  }
  const names = Object.keys(returned);
  const joined = JSON.stringify(names);
  const number = known.get(joined) ?? fresh.get(joined);
  const row = [number ?? names];
  for (const name of names) {
    const value = returned[name];
    row.push(typeof value === 'string' ? value : cell(name, value));
  }
  if (number === undefined && known.size + fresh.size < MOST_NAME_LISTS) {
    fresh.set(joined, known.size + fresh.size);
  }
  return row;
}

function rowsOf(returned, { rowsPerRecord, replyBytes }) {
  if (returned === undefined || returned === null) return '[]';
  const list = Array.isArray(returned) ? returned : [returned];
  if (list.length > rowsPerRecord) {
    throw new Refused(
      'the handler returned ' + list.length + ' rows: at most ' + rowsPerRecord +
        ' may come of one record',
    );
  }
  const fresh = new Map();
  const isEmpty = (one) => isFlat(one) && Object.keys(one).length === 0;
  const rows = list.filter((one) => !isEmpty(one)).map((one) => rowOf(one, fresh));
  const text = JSON.stringify(rows);
  const size = Buffer.byteLength(text);
  if (size > replyBytes) {
    throw new Refused(
      'what the handler returned has ' + size + ' bytes as JSON: at most ' + replyBytes +
        ' may come of one record',
    );
  }
  for (const [names, number] of fresh) known.set(names, number);
  return text;
}

function send(text) {
  const data = Buffer.from(text + '\n');
  for (let at = 0; at < data.length; ) at += writeSync(REPLIES, data, at);
}

const logger = Object.fromEntries(
  ['debug', 'info', 'log', 'warn', 'warning', 'error'].map((level) => [
    level,
    (...words) => process.stdout.write(level.toUpperCase() + ' ' + format(...words) + '\n'),
  ]),
);

async function load(header) {
  const module = await import(pathToFileURL(header.path).href);
  for (const name of header.handlers) {
    const handler = module[name] ?? module.default?.[name];
    if (typeof handler === 'function') return handler;
  }
  throw new Refused('the script has no function ' + header.handlers.join(' or '));
}

async function* lines() {
  const socket = new Socket({ fd: REQUESTS, readable: true, writable: false });
  socket.setEncoding('utf8');
  let rest = '';
  for await (const text of socket) {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    yield parts;
  }
}

async function answer(line, handler, header) {
  try {
    if (header.after) {
      await handler();
      return '[]';
    }
    const value = JSON.parse(line);
    const record = header.kind === 'capture' ? new InferenceRecord(value) : value;
    const returned = handler(record, logger);
    return rowsOf(typeof returned?.then === 'function' ? await returned : returned, header);
  } catch (error) {
    return JSON.stringify({ error: told(error) });
  }
}

let header;
let handler;
for await (const batch of lines()) {
  for (const line of batch) {
    if (header) {
      send(await answer(line, handler, header));
      continue;
    }
    header = JSON.parse(line);
    try {
      handler = await load(header);
      send('{"ready":true}');
    } catch (error) {
      send(JSON.stringify({ error: told(error) }));
    }
  }
}
// What was printed is on its way; timers of the script are not waited for.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise((written) => stream.write('', written));
}
process.exit(0);
`;

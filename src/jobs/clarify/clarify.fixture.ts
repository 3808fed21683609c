/**
 * What the tests of the analysis share: a model that is a function behind real HTTP, a launcher
 * that hands out its URL, inputs that are texts, and the job that joins them.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duckdbAnalytics } from '../../adapters/duckdb/analytics.ts';
import { undiciForwarder } from '../../adapters/forwarder/forwarder.ts';
import { jmespathQuery } from '../../adapters/jmespath/json-query.ts';
import { memoryMetadataStore } from '../../adapters/memory/metadata-store.ts';
import { modelInArchive } from '../../adapters/onnx/archive.ts';
import type { Access } from '../../engines/access/access.ts';
import { hostedKey } from '../../engines/hosting/names.ts';
import { type Endpoint, endpoints, type Model, models } from '../../engines/hosting/rows.ts';
import type { ObjectSpace } from '../../engines/objects/space.ts';
import type { MonitoringOfJob, ProcessingJobRow } from '../../engines/processing/rows.ts';
import { gather } from '../../kernel/bytes.ts';
import type { Check } from '../../kernel/check.ts';
import { VirtualClock } from '../../kernel/clock.ts';
import { type Outcome, ok, refuse } from '../../kernel/outcome.ts';
import type { Launcher } from '../../ports/launcher.ts';
import type { AnalysisInputs, AnalysisResult, Analyze, InputFile } from '../processing/analysis.ts';
import { Roles } from '../roles/roles.fixture.ts';
import { keptFor } from '../roles/safekeeping.fixture.ts';
import { analyzeClarify } from './analyze.ts';
import { makeClarifyAnalyzer } from './analyzer.ts';

export const scope = { partition: 'aws', region: 'eu-west-1', account: '123456789012' };

export interface Asked {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What the model says to a body: a text, or a status with one. */
export type Says = (asked: Asked) => string | { readonly status: number; readonly body: string };

/** CSV rows of numbers to a line each. */
export const csvModel =
  (score: (cells: readonly number[]) => string | number): Says =>
  ({ body }) =>
    body
      .trimEnd()
      .split('\n')
      .map((line) => score(line.split(',').map(Number)))
      .join('\n');

const role = 'arn:aws:iam::111122223333:role/model';
export const jobRole = 'arn:aws:iam::123456789012:role/job';

export class Bench {
  readonly store = memoryMetadataStore();
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 5));
  readonly forwarder = undiciForwarder();
  readonly query = jmespathQuery();
  /** Bodies the model was asked, in order. */
  readonly asked: Asked[] = [];
  readonly said: string[] = [];
  served = 0;
  stopped = 0;
  says: Says = csvModel(() => 0.5);
  /** What the role of the job needed and was let do. */
  readonly allowed: Check[] = [];
  /** An action that the role may not do. */
  forbidden = '';
  /** Of models that are given one; must be set before. */
  archive: Uint8Array = new Uint8Array(0);
  archivesOut = 0;
  folder = '';
  analyze: Analyze = async () => refuse('not open');
  #server: Server | undefined;
  #url = '';

  async open(): Promise<this> {
    this.folder = await mkdtemp(join(tmpdir(), 'modelkeep-clarify-'));
    this.#server = createServer((request, response) => {
      void gather(request, 2 ** 26).then((bytes) => {
        const asked = { headers: request.headers, body: bytes.toString('utf8') };
        this.asked.push(asked);
        const answer = this.says(asked);
        const { status, body } =
          typeof answer === 'string' ? { status: 200, body: answer } : answer;
        response.writeHead(status).end(body);
      });
    });
    const server = this.#server;
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    this.#url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/invocations`;
    const parts = { ...this.#ports(), temporaryFolder: this.folder };
    this.analyze = makeClarifyAnalyzer({
      store: this.store,
      launcher: this.#launcher(),
      objectsFor: async () => ok(this.#objects()),
      safekeeping: keptFor(new Roles(), this.store).safekeeping,
      ...{ access: this.#access(), clock: this.clock },
      tasks: {
        // What goes to another thread is cloned; so it is here.
        analyze: (request, { signal, say }) =>
          analyzeClarify(parts, structuredClone(request), {
            signal: signal ?? new AbortController().signal,
            say,
          }),
      },
    });
    await this.model('m');
    return this;
  }

  #ports() {
    const { clock, forwarder, query, folder } = this;
    const options = { temporaryFolder: join(folder, 'spill'), threads: 1, memoryLimit: '256MB' };
    return { clock, forwarder, query, modelInArchive, analytics: duckdbAnalytics(options) };
  }

  /** For parts that are tested below the analyzer. */
  get ports() {
    return this.#ports();
  }

  get url(): string {
    return this.#url;
  }

  #launcher(): Launcher {
    return {
      accepts: (image) => image !== 'unknown',
      serve: async () => {
        this.served += 1;
        return ok({
          invocationsUrl: new URL(this.#url),
          healthy: async () => true,
          usage: async () => undefined,
          stop: async () => {
            this.stopped += 1;
          },
        });
      },
      run: async () => refuse('no jobs here'),
    };
  }

  #access(): Access {
    return {
      assumedBy: async ({ roleArn, account }) =>
        roleArn === jobRole
          ? ok({ accessKeyId: '', arn: roleArn, userId: 'AROA:SageMaker', account })
          : refuse(`there is no role ${roleArn}`),
      refusalOf: async (check, { caller }) => {
        const { action, resource } = check;
        if (action === this.forbidden) {
          const user = `User: ${caller.arn} is not authorized`;
          const message = `${user} to perform: ${action} on resource: ${resource}`;
          return { effect: 'implicitDeny', message, details: '{}' };
        }
        this.allowed.push(check);
        return undefined;
      },
    };
  }

  /** One object, wherever it is looked for. */
  #objects(): ObjectSpace {
    const space: Pick<ObjectSpace, 'head' | 'asFile'> = {
      head: async ({ key }) => ({
        ...{ key, sizeBytes: this.archive.length, modifiedAtMs: 0, etag: '' },
      }),
      asFile: async () => {
        const { path } = await this.file('model.tar.gz', this.archive);
        this.archivesOut += 1;
        return {
          path,
          release: async () => {
            this.archivesOut -= 1;
          },
        };
      },
    };
    return space as ObjectSpace;
  }

  async model(name: string, image = 'modelkeep/onnx', archiveUri?: string): Promise<void> {
    const row: Model = {
      ...(archiveUri === undefined ? {} : { archiveUri }),
      ...{ name, arn: '', scope, image, environment: {}, createdAtMs: 0 },
      request: { ExecutionRoleArn: role },
    };
    await this.store.write((tx) => tx.put(models, hostedKey(scope, name), row));
  }

  async endpoint(name: string): Promise<void> {
    const variant = {
      ...{ name: 'v', modelName: 'm', instanceCount: 1, weight: 1, instanceId: 'i' },
      ...{ startTimeoutMs: 1_000, downloadTimeoutMs: 1_000, image: 'modelkeep/onnx' },
      environment: {},
      roleArn: role,
    };
    const active = { configName: 'c', variants: [variant], shadows: [], startedAtMs: 0 };
    const row: Endpoint = {
      ...{ name, arn: '', scope, status: 'InService' as const, configName: 'c', active },
      ...{ createdAtMs: 0, modifiedAtMs: 0, generation: 1 },
    };
    await this.store.write((tx) => tx.put(endpoints, hostedKey(scope, name), row));
  }

  async file(name: string, content: string | Uint8Array): Promise<InputFile> {
    const path = join(this.folder, name.replaceAll('/', '_'));
    await writeFile(path, content);
    return { path, uri: `s3://data/${name}`, etag: '' };
  }

  /** Runs the analysis of a configuration over files, by their names below `s3://data/`. */
  async run(config: object | string, given: Given = {}): Promise<Outcome<AnalysisResult>> {
    const files = new Map<string, InputFile>();
    for (const [name, content] of Object.entries(given.files ?? {})) {
      const file = await this.file(name, content);
      files.set(file.uri, file);
    }
    const dataset = [...files.values()].filter(({ uri }) => uri.includes('/dataset'));
    const inputs: AnalysisInputs = {
      dataset,
      ...(given.baseline === undefined ? {} : { constraintsText: given.baseline }),
      textOf: async () => ok(typeof config === 'string' ? config : JSON.stringify(config)),
      filesAt: async (uri) => {
        const found = [...files.values()].filter((file) => file.uri.startsWith(uri));
        return found.length > 0 ? ok(found) : refuse(`no object's key starts with ${uri}`);
      },
    };
    const say = (line: string) => this.said.push(line);
    const signal = given.signal ?? new AbortController().signal;
    return this.analyze(jobOf(given), inputs, { signal, say });
  }

  async close(): Promise<void> {
    await this.forwarder.close();
    this.#server?.closeAllConnections();
    await new Promise((closed) => this.#server?.close(closed));
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Given {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly baseline?: string;
  readonly monitor?: Partial<MonitoringOfJob> & Pick<MonitoringOfJob, 'type'>;
  /** Batches are watched, and no endpoint. */
  readonly isBatch?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Of the job; empty for none. */
  readonly roleArn?: string;
}

export const windowStartMs = Date.UTC(2026, 0, 5, 9);

function jobOf({ monitor, isBatch, environment = {}, roleArn = jobRole }: Given): ProcessingJobRow {
  const local = { isManifest: false, uri: 's3://data/config' };
  const inputs = [
    { name: 'analysis_config', localPath: '/opt/ml/processing/input/config', ...local },
  ];
  const monitoring: MonitoringOfJob | undefined = monitor && {
    ...{ scheduleKey: 's', scheduleName: 's', executionKey: 'e', executionId: 'e' },
    ...(isBatch ? {} : { endpointName: 'live' }),
    ...{ captureUri: 's3://data/capture', captureLocalPath: '/opt/ml/x' },
    ...{ windowStartMs, windowEndMs: windowStartMs + 3_600_000, scheduledAtMs: windowStartMs },
    ...monitor,
  };
  return {
    ...{ arn: 'job', name: 'job', scope, status: 'InProgress', request: { RoleArn: roleArn } },
    plan: {
      ...{ image: 'sagemaker-clarify-processing', entrypoint: [], arguments: [], environment },
      ...{ inputs, outputs: [], maxRuntimeMs: 60_000 },
    },
    ...(monitoring ? { monitoring } : {}),
    ...{ createdAtMs: 0, modifiedAtMs: 0 },
  };
}

/** A captured line; with a label it is a merged one. */
export function captured(input: string, output: string, label?: string, minute = 5): string {
  const side = { encoding: 'CSV', observedContentType: 'text/csv' };
  const time = new Date(windowStartMs + minute * 60_000).toISOString().replace('.000', '');
  return `${JSON.stringify({
    captureData: {
      endpointInput: { ...side, mode: 'INPUT', data: input },
      endpointOutput: { ...side, mode: 'OUTPUT', data: output },
    },
    ...(label === undefined ? {} : { groundTruthData: { data: label, encoding: 'CSV' } }),
    eventMetadata: { eventId: `id-${input}`, inferenceTime: time },
    eventVersion: '0',
  })}\n`;
}

export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.reason);
  return outcome.value;
}

export function reasonIn(outcome: Outcome<unknown>): string {
  if (outcome.ok) throw new Error('it was not refused');
  return outcome.reason;
}

/** The text of a result's file. */
export async function textIn({ files }: AnalysisResult, name: string): Promise<string> {
  const content = files[name];
  if (content === undefined) throw new Error(`no ${name} among ${Object.keys(files).join()}`);
  return typeof content === 'string' ? content : readFile(content.path, 'utf8');
}

export async function documentIn(result: AnalysisResult) {
  return JSON.parse(await textIn(result, 'analysis.json'));
}

/** Data, baselines and captured records that cannot be read: the job fails and says what and where. */
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateMonitoringScheduleCommand, CreateProcessingJobCommand, DescribeProcessingJobCommand, } from '@aws-sdk/client-sagemaker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcome } from './bad-input.fixture.js';
import { baselineJob, bucket, Cleanup, clientsOf, deploy, hourMs, invoke, keysUnder, runsOf, started, startMs, until, watching, } from './server.fixture.js';
const cleanup = new Cleanup();
let server;
let clients;
beforeAll(async () => {
    server = cleanup.add(await started(await cleanup.folder()), (s) => s.stop());
    clients = cleanup.add(clientsOf(server), (c) => c.close());
    await clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
});
afterAll(() => cleanup.run());
const put = (Key, Body) => clients.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
let count = 0;
/** How the job ended and why; what it was refused for, when it was. */
async function jobOver(content, change = () => { }) {
    count += 1;
    const name = `job-${count}`;
    await put(`in/${name}/data`, content);
    const input = baselineJob(name, `s3://${bucket}/in/${name}`);
    change(input);
    const made = await outcome(clients.sagemaker.send(new CreateProcessingJobCommand(input)));
    if (made !== 'success')
        return made;
    let end = '';
    await until(async () => {
        await server.settle();
        const command = new DescribeProcessingJobCommand({ ProcessingJobName: name });
        const job = await clients.sagemaker.send(command);
        end = `${job.ProcessingJobStatus}: ${job.FailureReason ?? ''}`;
        return job.ProcessingJobStatus !== 'InProgress';
    });
    return end.replace(`s3://${bucket}/in/${name}/data`, 'DATA');
}
const set = (name, value) => {
    return (input) => {
        input.Environment = { ...input.Environment, [name]: value };
    };
};
const asLines = set('dataset_format', '{"json":{"lines":true}}');
const columns = Array.from({ length: 5_000 }, (_, i) => `c${i}`).join(',');
const noise = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7_919) & 255));
test.each([
    ['empty', '', /DATA: is empty/],
    ['a header alone', 'a,b\n', /no data: one file has no rows/],
    ['ragged', 'a,b\n1,2\n3\n4,5,6\n', /DATA: line 3: 1 columns where 2 are expected: "3"/],
    ['UTF-16', Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le'), /DATA: line 1: is UTF-16/],
    ['Latin-1', Buffer.from('a\ncaf\xe9\n', 'latin1'), /DATA: line 2: is not UTF-8: /],
    ['of a Latin-1 header', Buffer.from('caf\xe9\n1\n', 'latin1'), /DATA: line 1: is not UTF-8/],
    ['zero bytes', Buffer.alloc(10_000), /one file has no rows/],
    ['of an open quote', 'a,b\n"1,2\n3,4\n', /DATA: line 2: a quote is not closed/],
    ['one line of 8 MB', `a,b\n1,${'x'.repeat(8 << 20)}\n`, /DATA: line 2: is longer than the larg/],
    ['a header of 8 MB', `${'x'.repeat(8 << 20)}\n1\n`, /DATA: line 1: the first record does not/],
    ['of 5,000 columns', `${columns}\n`, /DATA: has 5000 columns, more than 4096/],
    ['of a column twice', 'a,a\n1,2\n', /DATA: line 1: the column "a" is there twice/],
    ['noise', noise, /DATA: /],
])('a baseline that is %s', async (_what, content, reason) => {
    const end = await jobOver(content);
    expect(end).toMatch(/^Failed: /);
    expect(end).toMatch(reason);
    expect(end.length).toBeLessThan(1_100);
});
test('a baseline whose columns and values have odd names is a baseline', async () => {
    expect(await jobOver('__proto__,constructor,\nNaN,1e999,0x10\n')).toBe('Completed: ');
    expect(await jobOver('{"__proto__":{"polluted":1}}\n', asLines)).toBe('Completed: ');
    expect({}.polluted).toBeUndefined();
});
test.each([
    ['lines', asLines, /DATA: line 2: not JSON: /],
    ['Parquet', set('dataset_format', '{"parquet":{}}'), /DATA: is not a Parquet file/],
    ['no format', set('dataset_format', '{bad'), /dataset_format is not JSON/],
    ['no known format', set('dataset_format', '{"constructor":{}}'), /must be one of csv, json/],
    ['null', set('dataset_format', 'null'), /must be one of csv, json/],
    ['a source elsewhere', set('dataset_source', '/etc'), /no processing input has dataset_source/],
    [
        'an input out of its folder',
        (input) => {
            for (const { S3Input } of input.ProcessingInputs ?? []) {
                if (S3Input)
                    S3Input.LocalPath = '/opt/ml/../../etc';
            }
        },
        /^400 ValidationException: .*localPath.*below \/opt\/ml\/ without \.\./,
    ],
    [
        'an input twice',
        (input) => {
            input.ProcessingInputs = [
                ...(input.ProcessingInputs ?? []),
                ...(input.ProcessingInputs ?? []),
            ];
        },
        /^400 ValidationException: .*inputName baseline_dataset_input is given more than once/,
    ],
    [
        'an output to nowhere',
        (input) => {
            for (const { S3Output } of input.ProcessingOutputConfig?.Outputs ?? []) {
                if (S3Output)
                    S3Output.S3Uri = 's3://no-such-bucket/x';
            }
        },
        /output s3:\/\/no-such-bucket\/x: there is no bucket no-such-bucket/,
    ],
])('a job of %s', async (_what, change, reason) => {
    expect(await jobOver('{"a":1}\n{"a":\n', change)).toMatch(reason);
});
test.each([
    ['false', /exit code: 1/],
    ['/no/such/program', /cannot start "\/no\/such\/program"/],
    [JSON.stringify(['sh', '-c', 'head -c 20000000 /dev/zero | tr "\\0" a; exit 4']), /exit code: 4/],
])('a program of %j', async (command, reason) => {
    const end = await jobOver('', (input) => {
        input.AppSpecification = { ImageUri: 'modelkeep/process' };
        input.Environment = { MODELKEEP_COMMAND: command };
    });
    expect(end).toMatch(/^Failed: /);
    expect(end).toMatch(reason);
});
const emptyConstraints = '{"version":0.0,"features":[]}';
const emptyStatistics = '{"version":0.0,"dataset":{"item_count":1},"features":[]}';
const feature = (text) => `{"version":0.0,"features":[${text}]}`;
/** Schedules by what is wrong with one of their two documents, and what their runs say. */
const documents = {
    garbage: ['{bad', /: not JSON/],
    empty: ['', /: not JSON/],
    null: ['null', /the document: must be an object/],
    types: ['{"version":0.0,"features":5}', /features: must be a list/],
    name: [feature('{"name":5}'), /features\[0\].name: must be a string/],
    kind: [feature('{"name":"a","inferred_type":"Evil"}'), /inferred_type: must be Integral, /],
    nested: ['['.repeat(100_000) + ']'.repeat(100_000), /the document: must be an object|not JSON/],
    utf16: [Buffer.from(emptyConstraints, 'utf16le'), /: not JSON/],
};
const prototypes = '{"version":0.0,"features":[],"__proto__":{"polluted":1},' +
    '"monitoring_config":{"__proto__":{"polluted":1}}}';
async function schedule(name, change) {
    const config = watching('watched');
    change(config);
    const input = { MonitoringScheduleName: name, MonitoringScheduleConfig: config };
    return outcome(clients.sagemaker.send(new CreateMonitoringScheduleCommand(input)));
}
async function scheduleWith(name, constraints, statistics) {
    expect(await schedule(name, ({ MonitoringJobDefinition: job }) => {
        if (!job)
            return;
        job.BaselineConfig = {
            ConstraintsResource: { S3Uri: `s3://${bucket}/${constraints}` },
            StatisticsResource: { S3Uri: `s3://${bucket}/${statistics}` },
        };
    })).toBe('success');
}
async function runAt(name, instantMs) {
    const runs = await runsOf(clients, name);
    const run = runs.find(({ ScheduledTime }) => ScheduledTime?.getTime() === instantMs);
    return `${run?.MonitoringExecutionStatus}: ${run?.FailureReason ?? ''}`;
}
const envelope = (endpointInput) => `${JSON.stringify({ captureData: { endpointInput } })}\n`;
/** Captured lines that are none, each put into an hour of its own, and what the run says. */
const captured = [
    ['text', 'not json\n', /line 1: not JSON: .*"not json"/],
    ['zeros', Buffer.alloc(2_000), /line 1: not JSON/],
    ['empty', '{"captureData":5}\n', /line 1: has no captureData: /],
    ['proto', '{"__proto__":{}}\n', /line 1: has no captureData: /],
    ['encoding', envelope({ data: '1', mode: 'INPUT' }), /line 1: endpointInput: encoding must be/],
    [
        'base64',
        envelope({ data: '!!!', encoding: 'BASE64' }),
        /line 1: endpointInput: data must be B/,
    ],
    ['quote', envelope({ data: 'a,"b', encoding: 'CSV' }), /line 1: endpointInput: not CSV: row 1/],
];
test('baselines and captured records that cannot be read fail their runs, and only those', async () => {
    await deploy(clients, 'watched', await cleanup.model());
    await invoke(clients, 'watched', '1,2,3');
    await put('good/constraints.json', emptyConstraints);
    await put('good/statistics.json', emptyStatistics);
    await put('prototypes.json', prototypes);
    for (const [what, [content]] of Object.entries(documents)) {
        await put(`bad/${what}.json`, content);
        await scheduleWith(`constraints-${what}`, `bad/${what}.json`, 'good/statistics.json');
        await scheduleWith(`statistics-${what}`, 'good/constraints.json', `bad/${what}.json`);
    }
    await scheduleWith('prototypes', 'prototypes.json', 'good/statistics.json');
    await scheduleWith('missing', 'none.json', 'good/statistics.json');
    await scheduleWith('good', 'good/constraints.json', 'good/statistics.json');
    const gone = ({ MonitoringJobDefinition: job }) => {
        for (const { S3Output } of job?.MonitoringOutputConfig?.MonitoringOutputs ?? []) {
            if (S3Output)
                S3Output.S3Uri = 's3://no-such-bucket/reports';
        }
        if (job)
            delete job.BaselineConfig;
    };
    expect(await schedule('output-gone', gone)).toBe('success');
    const first = startMs + hourMs / 2;
    await server.advanceTo(first + hourMs * 0.9);
    for (const [what, [, reason]] of Object.entries(documents)) {
        for (const kind of ['constraints', 'statistics']) {
            const end = await runAt(`${kind}-${what}`, first);
            expect([kind, what, end]).toEqual([kind, what, expect.stringMatching(reason)]);
            expect(end).toMatch(`Failed: the baseline ${kind}: `);
        }
    }
    expect(await runAt('prototypes', first)).toBe('CompletedWithViolations: ');
    expect(await runAt('good', first)).toBe('CompletedWithViolations: ');
    expect(await runAt('missing', first)).toMatch(/^Failed: .*s3:\/\/main-job\/none.json/);
    expect(await runAt('output-gone', first)).toMatch(/^Failed: .*there is no bucket no-such-bucket/);
    expect({}.polluted).toBeUndefined();
});
test('captured lines that are none are named with their object', async () => {
    const config = { MonitoringScheduleName: 'lines', MonitoringScheduleConfig: watching('lines') };
    await deploy(clients, 'lines', await cleanup.model());
    const at = (index) => startMs + hourMs * (2.5 + index);
    await put('baseline/constraints.json', emptyConstraints);
    await put('baseline/statistics.json', emptyStatistics);
    await clients.sagemaker.send(new CreateMonitoringScheduleCommand(config));
    for (const [index, [what, content]] of captured.entries()) {
        const hour = new Date(at(index) - hourMs).toISOString().slice(0, 13).replace(/[-T]/g, '/');
        await put(`capture/lines/AllTraffic/${hour}/${what}.jsonl`, content);
    }
    await server.advanceTo(at(captured.length) - hourMs * 0.1);
    for (const [index, [what, , reason]] of captured.entries()) {
        const end = await runAt('lines', at(index));
        expect(end).toMatch(reason);
        expect(end).toContain(`/${what}.jsonl: line 1: `);
        expect(end.length).toBeLessThan(1_100);
    }
    expect(await keysUnder(clients, 'reports/')).not.toEqual([]);
});
test.each(['cron(bad)', 'rate(1 hour)', 'cron(* * * * * *)', 'cron(0 99 ? * * *)', 'NOW', ''])('the schedule %j is refused', async (ScheduleExpression) => {
    const made = await schedule('odd', (config) => {
        config.ScheduleConfig = { ScheduleExpression };
    });
    expect(made).toMatch(/^400 Validation\w+: .*[sS]cheduleExpression/);
});

/** Names, numbers and states no resource may have; and that what is stored stays as it was. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { answering, form, json, messageOf, send, told, } from './bad-input.fixture.js';
import { Cleanup, role, started } from './server.fixture.js';
const cleanup = new Cleanup();
let at;
const kept = 'what was stored before';
const sagemaker = (operation, body) => json(at, ['sagemaker', operation], body);
const sqs = (operation, body) => json(at, ['sqs', operation], body);
const cloudwatch = (operation, body) => json(at, ['monitoring', operation], body);
const sns = (Action, more) => form(at, 'sns', `${new URLSearchParams({ Action, Version: '2010-03-31', ...more })}`);
const s3 = (method, url, more = {}) => send(at, { service: 's3', method, url, ...more });
const modelNamed = (ModelName) => ({
    ModelName,
    ExecutionRoleArn: role,
    PrimaryContainer: { Image: 'http://127.0.0.1:1' },
});
const variant = {
    VariantName: 'a',
    ModelName: 'kept',
    InstanceType: 'ml.m5.large',
    InitialInstanceCount: 1,
};
beforeAll(async () => {
    at = cleanup.add(await started(await cleanup.folder()), (server) => server.stop());
    await s3('PUT', '/kept-bucket');
    await s3('PUT', '/kept-bucket/kept', { body: kept });
    await sagemaker('CreateModel', modelNamed('kept'));
    await sqs('CreateQueue', { QueueName: 'kept' });
    await sns('CreateTopic', { Name: 'kept' });
});
afterAll(() => cleanup.run());
afterEach(async () => {
    expect((await s3('GET', '/kept-bucket/kept')).text).toBe(kept);
    expect(told(await sagemaker('DescribeModel', { ModelName: 'kept' }))).toBe('200');
    expect(told(await sqs('GetQueueUrl', { QueueName: 'kept' }))).toBe('200');
    expect({}.polluted).toBeUndefined();
});
async function all(answers) {
    return (await Promise.all(answers)).map(told);
}
const megabyte = 'x'.repeat(1 << 20);
test.each([
    ['a zero byte', 'a\u0000b'],
    ['a path', '../../etc/passwd'],
    ['an emoji', '😀'],
    ['a megabyte', megabyte],
    ['nothing', ''],
])('a name that is %s', async (_what, name) => {
    expect(await all([
        sagemaker('CreateModel', modelNamed(name)),
        sagemaker('DescribeEndpoint', { EndpointName: name }),
        sagemaker('DescribeMonitoringSchedule', { MonitoringScheduleName: name }),
        sqs('CreateQueue', { QueueName: name }),
        sns('CreateTopic', { Name: name }),
        s3('PUT', `/${encodeURIComponent(name).slice(0, 2_000)}%20`),
    ])).toEqual([
        ...Array(3).fill('400 ValidationException'),
        '400 InvalidParameterValue',
        '400 InvalidParameter',
        '400 InvalidBucketName',
    ]);
});
test('a refusal names the member and the rule, and does not echo a megabyte', async () => {
    const answer = await sagemaker('CreateModel', modelNamed(megabyte));
    expect(messageOf(answer)).toMatch(/at 'modelName' failed .* length less than or equal to 63/);
    expect(answer.text.length).toBeLessThan(10_000);
});
test('values of the wrong type', async () => {
    for (const value of [5, ['a'], {}, true]) {
        const answers = [
            await sagemaker('DescribeModel', { ModelName: value }),
            await sqs('CreateQueue', { QueueName: value }),
            await cloudwatch('DeleteAlarms', { AlarmNames: [value] }),
        ];
        expect(answers.map(told)).toEqual(Array(3).fill('400 SerializationException'));
        expect(answers.map(messageOf)).toEqual([
            expect.stringContaining('(at ModelName)'),
            expect.stringContaining('(at QueueName)'),
            expect.stringContaining('(at AlarmNames.1)'),
        ]);
    }
});
describe('names that every object has', () => {
    const prototypes = ['__proto__', 'constructor', 'toString'];
    test('are names like others where the rules allow them', async () => {
        for (const name of prototypes) {
            const before = [
                await sqs('GetQueueUrl', { QueueName: name }),
                await sns('GetTopicAttributes', {
                    TopicArn: `arn:aws:sns:us-east-1:000000000000:${name}`,
                }),
                await s3('GET', `/kept-bucket/${name}`),
            ];
            expect(before.map(told)).toEqual(['400 QueueDoesNotExist', '404 NotFound', '404 NoSuchKey']);
            const made = [
                await sqs('CreateQueue', { QueueName: name }),
                await sns('CreateTopic', { Name: name }),
                await s3('PUT', `/kept-bucket/${name}`, { body: name }),
            ];
            expect(made.map(told)).toEqual(['200', '200', '200']);
            expect((await s3('GET', `/kept-bucket/${name}`)).text).toBe(name);
        }
        expect(await all([s3('GET', '/constructor'), s3('PUT', '/constructor')])).toContain('200');
    });
    test('are keys like others in tags, metadata, environments, attributes and dimensions', async () => {
        const environment = '{"__proto__":"p","constructor":"c"}';
        const body = JSON.stringify(modelNamed('proto')).replace('"PrimaryContainer":{', `"PrimaryContainer":{"Environment":${environment},`);
        expect(told(await sagemaker('CreateModel', body))).toBe('200');
        const model = await sagemaker('DescribeModel', { ModelName: 'proto' });
        expect(model.text).toContain(environment);
        const ResourceArn = 'arn:aws:sagemaker:us-east-1:000000000000:model/proto';
        const Tags = prototypes.map((Key) => ({ Key, Value: '1' }));
        await sagemaker('AddTags', { ResourceArn, Tags });
        expect(JSON.parse((await sagemaker('ListTags', { ResourceArn })).text).Tags).toEqual(expect.arrayContaining(Tags));
        const headers = { 'x-amz-meta-__proto__': 'p', 'x-amz-tagging': '__proto__=p' };
        await s3('PUT', '/kept-bucket/meta', { headers });
        const head = await s3('HEAD', '/kept-bucket/meta');
        expect(head.headers['x-amz-meta-__proto__']).toBe('p');
        const QueueUrl = `${at.url}/000000000000/kept`;
        const attribute = '{"DataType":"String","StringValue":"x"}';
        const message = `{"QueueUrl":"${QueueUrl}","MessageBody":"b",` +
            `"MessageAttributes":{"__proto__":${attribute},"constructor":${attribute}}}`;
        expect(told(await sqs('SendMessage', message))).toBe('200');
        const received = await sqs('ReceiveMessage', { QueueUrl, MessageAttributeNames: ['All'] });
        expect(received.text).toContain('"__proto__":{');
        const Dimensions = [{ Name: '__proto__', Value: 'constructor' }];
        const datum = { MetricName: 'm', Value: 1, Dimensions };
        await cloudwatch('PutMetricData', { Namespace: 'proto', MetricData: [datum] });
        const metrics = await cloudwatch('ListMetrics', { Namespace: 'proto' });
        expect(JSON.parse(metrics.text).Metrics).toEqual([
            { Namespace: 'proto', MetricName: 'm', Dimensions },
        ]);
    });
    test('are attributes that no service knows', async () => {
        for (const name of prototypes) {
            const answer = await sqs('CreateQueue', `{"QueueName":"q","Attributes":{"${name}":"1"}}`);
            expect([told(answer), messageOf(answer)]).toEqual([
                '400 InvalidAttributeName',
                `Unknown Attribute ${name}.`,
            ]);
        }
    });
});
test('numbers that are none, endless or out of range', async () => {
    const config = (InitialVariantWeight) => sagemaker('CreateEndpointConfig', {
        EndpointConfigName: 'weights',
        ProductionVariants: [{ ...variant, InitialVariantWeight }],
    });
    for (const weight of ['NaN', 'Infinity', '-Infinity', -1, 1e308]) {
        const answer = await config(weight);
        expect([weight, told(answer)]).toEqual([weight, '400 ValidationException']);
        expect(messageOf(answer)).toContain("at 'productionVariants.1.member.initialVariantWeight'");
    }
    const datum = (Value) => cloudwatch('PutMetricData', { Namespace: 'n', MetricData: [{ MetricName: 'm', Value }] });
    for (const value of ['NaN', 'Infinity', 1e308]) {
        expect(messageOf(await datum(value))).toContain('parameter MetricData.member.1.Value is inval');
    }
    const alarm = {
        ...{ AlarmName: 'a', Namespace: 'n', MetricName: 'm', Statistic: 'Sum', Period: 60 },
        ...{ EvaluationPeriods: 1, ComparisonOperator: 'GreaterThanThreshold', Threshold: 'NaN' },
    };
    expect(messageOf(await cloudwatch('PutMetricAlarm', alarm))).toContain('parameter Threshold');
    const QueueUrl = `${at.url}/000000000000/kept`;
    expect(await all([
        sagemaker('ListModels', { MaxResults: 101 }),
        sagemaker('ListModels', { SortOrder: 'Sideways' }),
        sqs('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 21 }),
        sqs('SendMessage', { QueueUrl, MessageBody: 'x', DelaySeconds: -1 }),
        sqs('SendMessage', { QueueUrl, MessageBody: 'x'.repeat(2 ** 20 + 1) }),
        s3('GET', '/kept-bucket?list-type=2&max-keys=-1'),
        s3('PUT', '/kept-bucket/mp?partNumber=10001&uploadId=x'),
    ])).toEqual([
        '400 ValidationException',
        '400 ValidationException',
        '400 InvalidParameterValue',
        '400 InvalidParameterValue',
        '400 InvalidParameterValue',
        '400 InvalidArgument',
        '400 InvalidArgument',
    ]);
});
describe('keys of objects', () => {
    test('are text, never paths', async () => {
        const keys = [
            '..',
            '../../etc/passwd',
            'a/../b',
            '/',
            '//',
            'a%2Fc',
            'a%00b',
            '.',
            './.',
            '%25',
        ];
        for (const key of keys)
            await s3('PUT', `/kept-bucket/${key}`, { body: `of ${key}` });
        for (const key of keys) {
            expect((await s3('GET', `/kept-bucket/${key}`)).text).toBe(`of ${key}`);
        }
    });
    test('and their metadata have a limit in bytes', async () => {
        const put = (key, headers = {}) => s3('PUT', `/kept-bucket/${key}`, { headers });
        expect(await all([
            put('k'.repeat(1_024)),
            put('k'.repeat(1_025)),
            put('%E2%82%AC'.repeat(342)),
            put('m', { 'x-amz-meta-a': 'v'.repeat(2_047) }),
            put('m', { 'x-amz-meta-a': 'v'.repeat(2_048) }),
        ])).toEqual(['200', '400 KeyTooLongError', '400 KeyTooLongError', '200', '400 MetadataTooLarge']);
    });
    test('a body that is not what its headers say leaves the object as it was', async () => {
        const chunked = (body) => ({
            body,
            payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
            headers: {
                'content-encoding': 'aws-chunked',
                'x-amz-decoded-content-length': '5',
                'x-amz-trailer': 'x-amz-checksum-crc32',
            },
        });
        const wrong = 'AAAAAAAAAAAAAAAAAAAAAA==';
        const put = (more) => s3('PUT', '/kept-bucket/kept', { body: 'other', ...more });
        expect(await all([
            put({ headers: { 'content-md5': wrong } }),
            put({ headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }),
            put({ payload: '0'.repeat(64) }),
            put(chunked('5\r\nhel')),
            put(chunked('ffffffffffffffff\r\nhello')),
            put(chunked('a'.repeat(200_000))),
            put(chunked('5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n')),
            put({ headers: { 'if-match': '"none"' } }),
        ])).toEqual([
            '400 BadDigest',
            '400 BadDigest',
            '400 XAmzContentSHA256Mismatch',
            '400 IncompleteBody',
            '403 InvalidChunkSizeError',
            '403 InvalidChunkSizeError',
            '400 BadDigest',
            '412 PreconditionFailed',
        ]);
    });
});
test('messages with characters that XML cannot carry', async () => {
    const QueueUrl = `${at.url}/000000000000/kept`;
    for (const body of ['"a\\u0001b"', '"\\uffff"', '"\\ud800"', '"\\u0000"']) {
        const answer = await sqs('SendMessage', `{"QueueUrl":"${QueueUrl}","MessageBody":${body}}`);
        expect(told(answer)).toBe('400 InvalidMessageContents');
        expect(messageOf(answer)).toContain('Valid unicode characters are #x9');
    }
});
test('subscriptions to where nobody may be sent', async () => {
    const TopicArn = 'arn:aws:sns:us-east-1:000000000000:kept';
    for (const Endpoint of [
        'http://169.254.169.254/latest/meta-data/',
        'http://2852039166/',
        'http://0xa9fea9fe/',
        'http://[fe80::1]/',
        'http://[::ffff:169.254.169.254]/',
        'http://metadata.google.internal/',
        'http://100.100.100.200/',
    ]) {
        const answer = await sns('Subscribe', { TopicArn, Protocol: 'http', Endpoint });
        expect(told(answer)).toBe('400 InvalidParameter');
        expect(messageOf(answer)).toMatch(/^Invalid parameter: Endpoint Reason: .*never allowed$/);
    }
    for (const Endpoint of [
        'file:///etc/passwd',
        'http://',
        'http://x:99999/',
        'http://x/\r\nA: b',
    ]) {
        const answer = await sns('Subscribe', { TopicArn, Protocol: 'http', Endpoint });
        expect(messageOf(answer)).toMatch(/^Invalid parameter: Endpoint/);
    }
    const listed = await sns('ListSubscriptionsByTopic', { TopicArn });
    expect(listed.text).not.toContain('<Endpoint>');
});
test('resources in the wrong state, or gone', async () => {
    await sagemaker('CreateModel', modelNamed('twice'));
    await sqs('CreateQueue', { QueueName: 'twice' });
    const QueueUrl = `${at.url}/000000000000/twice`;
    const twice = { ModelName: 'twice' };
    const got = [
        await sagemaker('CreateModel', modelNamed('twice')),
        await sagemaker('DeleteModel', twice),
        await sagemaker('DeleteModel', twice),
        await sagemaker('DescribeModel', twice),
        await sagemaker('CreateEndpoint', { EndpointName: 'e', EndpointConfigName: 'none' }),
        await sagemaker('UpdateEndpoint', { EndpointName: 'none', EndpointConfigName: 'none' }),
        await sagemaker('StopMonitoringSchedule', { MonitoringScheduleName: 'none' }),
        await sqs('DeleteQueue', { QueueUrl }),
        await sqs('DeleteQueue', { QueueUrl }),
        await s3('DELETE', '/kept-bucket'),
        await s3('GET', '/no-such-bucket/key'),
        await s3('POST', '/kept-bucket/mp?uploadId=none', {
            body: '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>' +
                '</CompleteMultipartUpload>',
        }),
        await cloudwatch('SetAlarmState', { AlarmName: 'x', StateValue: 'OK', StateReason: 'x' }),
    ];
    expect(got.map(told)).toEqual([
        '400 ValidationException',
        '200',
        '400 ValidationException',
        '400 ValidationException',
        '400 ValidationException',
        '400 ValidationException',
        '400 ResourceNotFound',
        '200',
        '400 QueueDoesNotExist',
        '409 BucketNotEmpty',
        '404 NoSuchBucket',
        '404 NoSuchUpload',
        '404 ResourceNotFound',
    ]);
});
test('an endpoint that is being created, and its configuration', async () => {
    const config = { EndpointConfigName: 'busy', ProductionVariants: [variant] };
    const endpoint = { EndpointName: 'busy', EndpointConfigName: 'busy' };
    const blocked = await answering(cleanup, () => { });
    await sagemaker('CreateModel', {
        ...modelNamed('busy'),
        PrimaryContainer: { Image: blocked },
    });
    const silent = { ...config, ProductionVariants: [{ ...variant, ModelName: 'busy' }] };
    expect(told(await sagemaker('CreateEndpointConfig', silent))).toBe('200');
    expect(told(await sagemaker('CreateEndpoint', endpoint))).toBe('200');
    const got = [
        await sagemaker('CreateEndpoint', endpoint),
        await sagemaker('UpdateEndpoint', endpoint),
        await sagemaker('UpdateEndpointWeightsAndCapacities', {
            EndpointName: 'busy',
            DesiredWeightsAndCapacities: [{ VariantName: 'a', DesiredWeight: 1 }],
        }),
        await send(at, { service: 'sagemaker', url: '/endpoints/busy/invocations', body: '1' }),
    ];
    expect(got.map((answer) => `${told(answer)}: ${messageOf(answer)}`)).toEqual([
        expect.stringMatching(/^400 ValidationException: Cannot create already existing endpoint/),
        expect.stringMatching(/^400 ValidationException: Cannot update in-progress endpoint/),
        expect.stringMatching(/^400 ValidationException: Cannot update in-progress endpoint/),
        expect.stringMatching(/^400 ValidationError: .* is not InService: its status is Creating/),
    ]);
});

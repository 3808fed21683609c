/** EC2's dialect of the query protocol, on a small model: no service of ours speaks it yet. */
import { expect, test } from 'vitest';
import { linkModel } from '../model/load.ts';
import { Fault } from '../operation.ts';
import { formTree } from './form.ts';
import { ec2Protocol, queryProtocol } from './query.ts';
import { restXmlProtocol } from './rest.ts';

const facts = {
  id: 'ec2',
  signingNames: ['ec2'],
  target: 'AmazonEC2',
  version: '2016-11-15',
  xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/',
  query: 'ec2',
  namespace: 'com.amazonaws.ec2',
} as const;
const model = linkModel(facts, {
  operations: {
    DescribeVpcs: { input: 4, output: 7, errors: [] },
    DeleteVpc: { input: null, output: null, errors: [] },
  },
  errors: {},
  types: [
    { kind: 'string' },
    { kind: 'list', item: { type: 0, xmlName: 'VpcId' } },
    {
      kind: 'structure',
      name: 'Filter',
      members: [
        ['Name', 0],
        ['Values', 3, { xmlName: 'Value' }],
      ],
    },
    { kind: 'list', item: { type: 0, xmlName: 'item' } },
    {
      kind: 'structure',
      name: 'DescribeVpcsRequest',
      members: [
        ['VpcIds', 1, { xmlName: 'VpcId' }],
        ['Filters', 8, { xmlName: 'Filter' }],
        ['DryRun', 9, { xmlName: 'dryRun' }],
        ['Odd', 0, { ec2Name: 'Strange' }],
      ],
    },
    { kind: 'structure', name: 'Vpc', members: [['VpcId', 0, { xmlName: 'vpcId' }]] },
    { kind: 'list', item: { type: 5, xmlName: 'item' } },
    {
      kind: 'structure',
      name: 'DescribeVpcsResult',
      members: [['Vpcs', 6, { xmlName: 'vpcSet' }]],
    },
    { kind: 'list', item: { type: 2, xmlName: 'Filter' } },
    { kind: 'boolean' },
  ],
});
const operation = (name: string) => {
  const found = model.operations.get(name);
  if (!found) throw new Error(name);
  return found;
};

test('lists are flat, names begin with a capital, and one may name another', () => {
  const form = formTree([
    ['VpcId.1', 'vpc-1'],
    ['VpcId.2', 'vpc-2'],
    ['Filter.1.Name', 'state'],
    ['Filter.1.Value.1', 'available'],
    ['DryRun', 'true'],
    ['Strange', 'o'],
  ]);
  const request = { query: [], headers: {}, body: Buffer.alloc(0), labels: {}, form };
  expect(ec2Protocol.decode(operation('DescribeVpcs'), request)).toEqual({
    VpcIds: ['vpc-1', 'vpc-2'],
    Filters: [{ Name: 'state', Values: ['available'] }],
    DryRun: true,
    Odd: 'o',
  });
});

test('answers have the request id inside, and true for nothing', () => {
  const answer = ec2Protocol.encode(operation('DescribeVpcs'), { Vpcs: [{ VpcId: 'v' }] }, 'id');
  expect(answer.body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' +
      '<requestId>id</requestId><vpcSet><item><vpcId>v</vpcId></item></vpcSet>' +
      '</DescribeVpcsResponse>',
  );
  const nothing = ec2Protocol.encode(operation('DeleteVpc'), {}, 'id');
  expect(nothing.body).toContain('<requestId>id</requestId><return>true</return>');
});

test.each([ec2Protocol, queryProtocol, restXmlProtocol])('$id: errors are XML', (protocol) => {
  const fault = new Fault('NoSuchKey', 'no <a\0b>\ufffe\n', { members: { Key: 'a\u0001b' } });
  const { body } = protocol.encodeFault(undefined, fault, 'id');
  expect(body).toContain('<Message>no &lt;a\ufffdb&gt;\ufffd\n</Message>');
  expect(body).not.toMatch(/&#0;|&#1;/);
});

test('errors are a list of one', () => {
  const fault = new Fault('InvalidVpcID.NotFound', "The vpc ID 'x' does not exist");
  const answer = ec2Protocol.encodeFault(model, fault, 'id');
  expect(answer.status).toBe(400);
  expect(answer.body).toContain(
    '<Errors><Error><Code>InvalidVpcID.NotFound</Code>' +
      "<Message>The vpc ID 'x' does not exist</Message></Error></Errors>",
  );
});

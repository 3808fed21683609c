/** The query protocols: a form with `Action` and `Version` in, XML out. EC2's differs in names. */
import type {
  MapType,
  Member,
  OperationModel,
  ServiceModel,
  StructureType,
  Type,
} from '../model/types.ts';
import { describeFailure, type Failure, queryErrorHeader } from './failure.ts';
import { type FormNode, formTree, indexed } from './form.ts';
import type { Protocol, WireResponse } from './protocol.ts';
import { readText } from './text.ts';
import { escapeXml, wordsInXml, writeXmlMembers, xmlDeclaration } from './xml.ts';

export const queryProtocol: Protocol = {
  id: 'query',
  malformedCode: 'MalformedInput',
  badBindingCode: 'MalformedInput',
  invalidCode: 'ValidationError',
  decode: ({ input }, { form }) => decodeForm(input, form, false),
  encode({ name, service, output }, value, requestId) {
    const result = output
      ? `<${name}Result>${writeXmlMembers(output.members, value)}</${name}Result>`
      : '';
    const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
    return xmlResponse(requestId, {
      status: 200,
      body: `<${name}Response${xmlnsOf(service)}>${result}${metadata}</${name}Response>`,
    });
  },
  encodeFault(service, fault, requestId) {
    const failure = describeFailure(service, fault);
    const error =
      `<Type>${failure.fault}</Type><Code>${escapeXml(failure.queryCode)}</Code>` +
      `<Message>${wordsInXml(fault.message)}</Message>${furtherMembers(failure)}`;
    const response = xmlResponse(requestId, {
      status: failure.status,
      body:
        `<ErrorResponse${xmlnsOf(service)}><Error>${error}</Error>` +
        `<RequestId>${requestId}</RequestId></ErrorResponse>`,
    });
    Object.assign(response.headers, queryErrorHeader(service, failure));
    return response;
  },
};

export const ec2Protocol: Protocol = {
  ...queryProtocol,
  id: 'ec2',
  decode: ({ input }, { form }) => decodeForm(input, form, true),
  encode({ name, service, output }: OperationModel, value, requestId) {
    const members = output ? writeXmlMembers(output.members, value) : '<return>true</return>';
    return xmlResponse(requestId, {
      status: 200,
      body:
        `${xmlDeclaration}<${name}Response${xmlnsOf(service)}>` +
        `<requestId>${requestId}</requestId>${members}</${name}Response>`,
    });
  },
  encodeFault(service, fault, requestId) {
    const { status } = describeFailure(service, fault);
    const message = `<Message>${wordsInXml(fault.message)}</Message>`;
    const error = `<Code>${escapeXml(fault.code)}</Code>${message}`;
    return xmlResponse(requestId, {
      status,
      body:
        `${xmlDeclaration}<Response><Errors><Error>${error}</Error></Errors>` +
        `<RequestID>${requestId}</RequestID></Response>`,
    });
  },
};

function xmlResponse(
  requestId: string,
  { status, body }: { readonly status: number; readonly body: string },
): WireResponse {
  const headers = { 'x-amzn-requestid': requestId, 'content-type': 'text/xml' };
  return { status, headers, body };
}

function xmlnsOf(service: ServiceModel | undefined): string {
  return service?.facts.xmlns ? ` xmlns="${service.facts.xmlns}"` : '';
}

/** Members of an error beside its message, modelled ones in the model's names. */
export function furtherMembers(failure: Failure): string {
  const members = failure.shape?.members.filter((m) => m.name.toLowerCase() !== 'message') ?? [];
  const loose = Object.entries(failure.loose).map(
    ([name, value]) => `<${name}>${wordsInXml(String(value))}</${name}>`,
  );
  return writeXmlMembers(members, failure.modelled) + loose.join('');
}

function decodeForm(
  input: StructureType | undefined,
  form: FormNode | undefined,
  ec2: boolean,
): object {
  return input ? readStructure(input, form ?? formTree([]), ec2) : {};
}

function readStructure(type: StructureType, node: FormNode, ec2: boolean): object {
  const out: Record<string, unknown> = {};
  for (const member of type.members) {
    const child = node.children.get(ec2 ? ec2NameOf(member) : (member.xmlName ?? member.name));
    const value = child && read({ type: member.type, node: child, ec2 }, member);
    if (value !== undefined) out[member.name] = value;
  }
  return out;
}

function ec2NameOf(member: Member): string {
  const name = member.xmlName ?? member.name;
  return member.ec2Name ?? name.slice(0, 1).toUpperCase() + name.slice(1);
}

interface Reading {
  readonly type: Type;
  readonly node: FormNode;
  readonly ec2: boolean;
}

function read({ type, node, ec2 }: Reading, member?: Member): unknown {
  switch (type.kind) {
    case 'structure':
    case 'union':
      return readStructure(type, node, ec2);
    case 'list': {
      const flat = ec2 || type.xmlFlattened || member?.xmlFlattened;
      const items = flat ? node : node.children.get(type.item.xmlName ?? 'member');
      return indexed(items).map((item) => read({ type: type.item.type, node: item, ec2 }));
    }
    case 'map': {
      const flat = type.xmlFlattened ?? member?.xmlFlattened;
      return readMap(type, indexed(flat ? node : node.children.get('entry')), ec2);
    }
    default:
      return node.value === undefined
        ? undefined
        : readText(type, node.value, member?.name ?? 'a parameter');
  }
}

function readMap(type: MapType, entries: readonly FormNode[], ec2: boolean): object {
  const pairs = entries.map(({ children }) => {
    const value = children.get(type.value.xmlName ?? 'value') ?? { value: '', children: new Map() };
    return [
      children.get(type.key.xmlName ?? 'key')?.value ?? '',
      read({ type: type.value.type, node: value, ec2 }),
    ] as const;
  });
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

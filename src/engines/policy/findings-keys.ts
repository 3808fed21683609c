/** The condition keys that requests have whatever service they are for, and the types of values. */
import { catalogue, type KeyType } from './findings-catalogue.ts';

/** Lower-case names. A name that ends in `/` is completed by a tag's key or the like. */
const globalKeys: Readonly<Record<string, KeyType>> = {
  'aws:calledvia': 'ArrayOfString',
  'aws:calledviafirst': 'String',
  'aws:calledvialast': 'String',
  'aws:currenttime': 'Date',
  'aws:ec2instancesourceprivateipv4': 'IPAddress',
  'aws:ec2instancesourcevpc': 'String',
  'aws:epochtime': 'Date',
  'aws:federatedprovider': 'String',
  'aws:ismcpserviceaction': 'Bool',
  'aws:multifactorauthage': 'Numeric',
  'aws:multifactorauthpresent': 'Bool',
  'aws:principalaccount': 'String',
  'aws:principalarn': 'ARN',
  'aws:principalisawsservice': 'Bool',
  'aws:principalorgid': 'String',
  'aws:principalorgpaths': 'ArrayOfString',
  'aws:principalservicename': 'String',
  'aws:principalservicenameslist': 'ArrayOfString',
  'aws:principaltag/': 'String',
  'aws:principaltype': 'String',
  'aws:referer': 'String',
  'aws:requestedregion': 'String',
  'aws:requesttag/': 'String',
  'aws:resourceaccount': 'String',
  'aws:resourceorgid': 'String',
  'aws:resourceorgpaths': 'ArrayOfString',
  'aws:resourcetag/': 'String',
  'aws:securetransport': 'Bool',
  'aws:signinsessionarn': 'ARN',
  'aws:sourceaccount': 'String',
  'aws:sourcearn': 'ARN',
  'aws:sourceidentity': 'String',
  'aws:sourceip': 'IPAddress',
  'aws:sourceorgid': 'String',
  'aws:sourceorgpaths': 'ArrayOfString',
  'aws:sourcevpc': 'String',
  'aws:sourcevpcarn': 'ARN',
  'aws:sourcevpce': 'String',
  'aws:ssmsnapshotarn': 'ARN',
  'aws:tagkeys': 'ArrayOfString',
  'aws:tokenissuetime': 'Date',
  'aws:useragent': 'String',
  'aws:userid': 'String',
  'aws:username': 'String',
  'aws:viaawsservice': 'Bool',
  'aws:vpceaccount': 'String',
  'aws:vpceorgid': 'String',
  'aws:vpceorgpaths': 'ArrayOfString',
  'aws:vpcsourceip': 'IPAddress',
};

/** In the request of an action, whichever it is, though the catalogue does not list them. */
const everywhere = /^(iam|s3|kms|sts):(resourceaccount|resourcetag\/.*|viaservice|calleraccount)$/;

/** Undefined when there is no such key, or none that is known. */
export function typeOfKey(key: string): KeyType | undefined {
  const name = key.toLowerCase();
  const global = globalKeys[name] ?? globalKeys[`${name.split('/')[0]}/`];
  return global ?? catalogue().keyType(name);
}

/** `global` keys exist for every service; `foreign` keys are of a service that is not known. */
export function kindOfKey(key: string): 'global' | 'service' | 'foreign' {
  const prefix = key.split(':')[0]?.toLowerCase() ?? '';
  if (prefix === 'aws') return 'global';
  return catalogue().knowsKeysOf(prefix) ? 'service' : 'foreign';
}

export function isEverywhere(key: string): boolean {
  return everywhere.test(key.toLowerCase());
}

export function isManyValued(type: KeyType): boolean {
  return type.startsWith('ArrayOf');
}

const fitting: Readonly<Record<string, readonly KeyType[]>> = {
  String: ['String', 'ARN', 'ArrayOfString', 'ArrayOfARN'],
  Numeric: ['Numeric'],
  Date: ['Date'],
  Bool: ['Bool'],
  Binary: ['Binary'],
  Ip: ['IPAddress'],
  Arn: ['ARN', 'ArrayOfARN'],
};

export type OperatorFamily = 'String' | 'Numeric' | 'Date' | 'Bool' | 'Binary' | 'Ip' | 'Arn';

/** What an operator compares; undefined for `Null`, which fits every key. */
export function familyOf(operator: string): OperatorFamily | undefined {
  const found = /^(?:Not)?(String|Numeric|Date|Bool|Binary|Ip|Arn)/i.exec(operator)?.[1];
  const families = Object.keys(fitting) as OperatorFamily[];
  return families.find((family) => family.toLowerCase() === found?.toLowerCase());
}

export function fits(family: OperatorFamily, type: KeyType, key: string): boolean {
  // Seconds since the epoch are numbers as well as dates.
  if (family === 'Numeric' && key.toLowerCase() === 'aws:epochtime') return true;
  return fitting[family]?.includes(type) ?? true;
}

/**
 * Files of a certificate authority of one's own: made once, used for every certificate after that.
 * For trying out TLS, and for nodes that show each other certificates. Not a public authority.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { issue, makeAuthority } from '../adapters/certificates/authority.ts';
import { systemClock } from '../adapters/system/system.ts';
import { type Outcome, ok, refuse } from '../kernel/outcome.ts';
import type { KeyAndCertificate } from '../ports/certificates.ts';
import { authorityFile } from './authority-file.ts';

export interface CertsRequest {
  readonly folder: string;
  /** Host names and addresses of a server; empty for a client. */
  readonly hosts: readonly string[];
  /** A client's name. */
  readonly client?: string;
  readonly days: number;
}

export interface CertsMade {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  /** Whether the authority was made now. */
  readonly isNew: boolean;
}

const authorityDays = 3_650;
const hostForm = /^(?=.{1,253}$)[A-Za-z0-9*]([A-Za-z0-9.-]*[A-Za-z0-9])?$/;
const clientForm = /^[A-Za-z0-9._-]{1,64}$/;

/** Refused for names that are none, and when files of a certificate are there already. */
export async function makeCerts(request: CertsRequest): Promise<Outcome<CertsMade>> {
  const { folder, hosts, client, days } = request;
  const wrong = hosts.find((host) => !isIP(host) && !hostForm.test(host));
  if (wrong !== undefined) return refuse(`'${wrong}' is no host name or address`);
  if (client !== undefined && !clientForm.test(client)) {
    return refuse(`the client's name must match ${clientForm.source}`);
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { authority, isNew } = await authorityIn(folder);
  const [commonName = ''] = client === undefined ? hosts : [client];
  const nowMs = systemClock.nowMs();
  const use = client === undefined ? 'server' : 'client';
  const made = await issue(authority, { commonName, names: hosts, use, nowMs, days });
  const base = join(folder, client === undefined ? 'server' : `client-${client}`);
  const files = { certificate: `${base}.pem`, key: `${base}.key` };
  const written = await writeNew(files, made);
  return written.ok ? ok({ authority: join(folder, authorityFile), ...files, isNew }) : written;
}

async function authorityIn(
  folder: string,
): Promise<{ readonly authority: KeyAndCertificate; readonly isNew: boolean }> {
  const files = { certificate: join(folder, authorityFile), key: join(folder, 'ca.key') };
  const certificatePem = await readFile(files.certificate, 'utf8').catch(() => undefined);
  if (certificatePem !== undefined) {
    const privateKeyPem = await readFile(files.key, 'utf8');
    return { authority: { certificatePem, privateKeyPem }, isNew: false };
  }
  const nowMs = systemClock.nowMs();
  const authority = await makeAuthority('Modelkeep local authority', {
    nowMs,
    days: authorityDays,
  });
  const written = await writeNew(files, authority);
  if (!written.ok) throw new Error(written.reason);
  return { authority, isNew: true };
}

/** Never over a file that is there: a key in use would be lost. */
async function writeNew(
  { certificate, key }: { readonly certificate: string; readonly key: string },
  made: KeyAndCertificate,
): Promise<Outcome<undefined>> {
  try {
    await writeFile(key, made.privateKeyPem, { mode: 0o600, flag: 'wx' });
    await writeFile(certificate, made.certificatePem, { mode: 0o644, flag: 'wx' });
    return ok(undefined);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    return refuse(`${certificate} or its key is there already: move them away first`);
  }
}

/**
 * The certificate that the listener shows: read from files, and read again when they change. A pair
 * of files that does not fit is refused at the start; later the last good pair stays in use.
 */

import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Logger } from '../kernel/log.ts';
import { type Outcome, ok, reasonOf, refuse } from '../kernel/outcome.ts';
import { authorityFile } from './authority-file.ts';
import type { Config } from './config.ts';

export interface TlsFiles {
  /** PEM: the certificate, and after it those that lead to its authority. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM: clients must show a certificate that this authority signed. */
  readonly clientAuthority?: string;
}

export interface TlsSource {
  readonly options: SecureContextOptions;
  /** Whether clients must show a certificate. */
  readonly mutual: boolean;
  /** Calls back with new options after the files have changed; answers how to end that. */
  watch(onChange: (options: SecureContextOptions) => void): () => void;
}

/** Often enough for who waits for it, and nothing to a disk. */
const watchMs = 2_000;

/** Refused unless certificate and key are given together. Undefined: no TLS. */
export function tlsFilesOf(
  config: Pick<Config, 'tlsCertificate' | 'tlsKey' | 'tlsClientAuthority'>,
): Outcome<TlsFiles | undefined> {
  const { tlsCertificate: certificate, tlsKey: key, tlsClientAuthority: clientAuthority } = config;
  if ((certificate === undefined) !== (key === undefined)) {
    return refuse('--tls-certificate and --tls-key go together: give both or none');
  }
  if (certificate === undefined || key === undefined) {
    if (clientAuthority === undefined) return ok(undefined);
    return refuse('--tls-client-authority needs --tls-certificate and --tls-key');
  }
  return ok({ certificate, key, ...(clientAuthority === undefined ? {} : { clientAuthority }) });
}

/** Refused when a file cannot be read or the key is not the certificate's. */
export async function openTls(files: TlsFiles, log: Logger): Promise<Outcome<TlsSource>> {
  const first = await load(files);
  if (!first.ok) return first;
  return ok({
    options: first.value,
    mutual: files.clientAuthority !== undefined,
    watch: (onChange) => watch(files, { onChange, log }),
  });
}

async function load(files: TlsFiles): Promise<Outcome<SecureContextOptions>> {
  try {
    const options: SecureContextOptions = {
      cert: await readFile(files.certificate),
      key: await readFile(files.key),
      ...(files.clientAuthority === undefined ? {} : { ca: await readFile(files.clientAuthority) }),
      minVersion: 'TLSv1.2',
    };
    createSecureContext(options);
    return ok(options);
  } catch (cause) {
    const { certificate, key } = files;
    return refuse(`the certificate ${certificate} with key ${key}: ${reasonOf(cause)}`);
  }
}

interface Watching {
  readonly onChange: (options: SecureContextOptions) => void;
  readonly log: Logger;
}

/** By looking, not by notice: files are replaced by renaming, by links, on shared folders. */
function watch(files: TlsFiles, { onChange, log }: Watching): () => void {
  let seen: string | undefined;
  let looking = false;
  const look = async () => {
    const now = await fingerprint(files);
    const changed = seen !== undefined && now !== seen;
    seen = now;
    if (!changed) return;
    const loaded = await load(files);
    if (!loaded.ok) return log.warn('the new certificate is not used', { reason: loaded.reason });
    onChange(loaded.value);
    log.info('the certificate was read again', { certificate: files.certificate });
  };
  const once = () => {
    if (looking) return;
    looking = true;
    void look()
      .catch((cause: unknown) => log.error('cannot watch the certificate', cause, {}))
      .finally(() => {
        looking = false;
      });
  };
  once();
  const timer = setInterval(once, watchMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** What changes when a file does; a file that is gone has none. */
async function fingerprint(files: TlsFiles): Promise<string> {
  const marks = Object.values(files).map(async (path: string) => {
    const found = await stat(path).catch(() => undefined);
    return found ? `${found.ino} ${found.size} ${found.mtimeMs}` : '-';
  });
  return (await Promise.all(marks)).join('|');
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
  return loopback.test(host);
}

/**
 * Refused when what others send would cross the network in clear, unless that was said twice:
 * `--host` and `--plaintext-host` name the same address.
 */
export function checkPlaintext(config: Config): Outcome<undefined> {
  const { host, plaintextHost, tlsCertificate } = config;
  if (tlsCertificate !== undefined || isLoopback(host) || plaintextHost === host) {
    return ok(undefined);
  }
  return refuse(
    `listening on ${host} without TLS would send credentials and data in clear: give ` +
      `--tls-certificate and --tls-key (\`modelkeep certs\` makes some for trying out), or say ` +
      `it twice with --plaintext-host ${host}`,
  );
}

/** What clients have to trust, when it lies beside the certificate as `modelkeep certs` puts it. */
export async function authorityBeside(config: Config): Promise<string | undefined> {
  if (config.tlsCertificate === undefined) return undefined;
  const path = join(dirname(resolve(config.tlsCertificate)), authorityFile);
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? path : undefined;
}

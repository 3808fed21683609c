/** `modelkeep certs`: certificates of an authority of one's own, for trying out TLS. */
import { resolve } from 'node:path';
import { ok, refuse } from '../kernel/outcome.ts';
import type { CertsRequest } from '../server/certs.ts';
import { type Command, parseFlags } from './flags.ts';

const usage = '[--folder DIR] [--host NAME]... [--client NAME]';
const defaultHosts = ['localhost', '127.0.0.1', '::1'];
const defaultDays = 365;
const mostDays = 3_650;

export const certs: Command = {
  usage,
  meaning: 'makes certificates for HTTPS under a local authority',
  parse(args) {
    const parsed = parseFlags(args, {
      folder: { type: 'string' },
      host: { type: 'string', multiple: true },
      client: { type: 'string' },
      days: { type: 'string' },
    });
    if (!parsed.ok) return parsed;
    const { values, positionals } = parsed.value;
    if (values['help'] === true) return ok(printHelp);
    if (positionals[0] !== undefined) return refuse(`unexpected argument '${positionals[0]}'`);
    const { folder = 'certs', host, client, days = String(defaultDays) } = values;
    const count = Number(days);
    if (!Number.isInteger(count) || count < 1 || count > mostDays) {
      return refuse(`--days must be a whole number from 1 to ${mostDays}`);
    }
    if (host !== undefined && client !== undefined) {
      return refuse('--host is of a server, --client of a client: give one of them');
    }
    const hosts = host === undefined ? defaultHosts : [host].flat().map(String);
    return ok(() =>
      run({
        folder: resolve(String(folder)),
        hosts: client === undefined ? hosts : [],
        ...(client === undefined ? {} : { client: String(client) }),
        days: count,
      }),
    );
  },
};

async function run(request: CertsRequest): Promise<number> {
  const { makeCerts } = await import('../server/certs.ts');
  const made = await makeCerts(request);
  if (!made.ok) {
    console.error(`modelkeep certs: ${made.reason}`);
    return 1;
  }
  const { authority, certificate, key, isNew } = made.value;
  console.log(`${isNew ? 'made' : 'used'}  ${authority}`);
  console.log(`made  ${certificate}\nmade  ${key}`);
  console.log(
    request.client === undefined
      ? `modelkeep up --tls-certificate ${certificate} --tls-key ${key}`
      : `modelkeep up … --tls-client-authority ${authority}`,
  );
  return 0;
}

async function printHelp(): Promise<number> {
  console.log(
    [
      `modelkeep certs ${usage}`,
      '  --folder DIR   where the files are (certs)',
      `  --host NAME    a name or address of the server, once for each (${defaultHosts.join(' ')})`,
      '  --client NAME  a certificate for a client instead, for --tls-client-authority',
      `  --days N       how long it is valid (${defaultDays})`,
    ].join('\n'),
  );
  return 0;
}

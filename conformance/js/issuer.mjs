/**
 * An OpenID Connect issuer on loopback, and a server of its own that trusts the issuer's
 * certificate: the one that all tests share knows public authorities only. Not a test.
 */
import { spawn, spawnSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import * as jose from 'jose';

const host = '127.0.0.1';
const hourMs = 3_600_000;
const patienceMs = 30_000;

/** Its own authority: `cert` is what a client must trust. */
async function selfSigned() {
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...{ serialNumber: '01', name: [{ CN: [host] }], signingAlgorithm, keys },
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + hourMs),
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new SubjectAlternativeNameExtension([{ type: 'ip', value: host }]),
    ],
  });
  return { cert: certificate.toString('pem'), key: await jose.exportPKCS8(keys.privateKey) };
}

/** `url`, `host` as policies name it, `cert`, `token(claims)` and `close()`. */
export async function startIssuer() {
  const certificate = await selfSigned();
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256');
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  const server = createServer(certificate, (request, response) => {
    const documents = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: [jwk] },
    };
    const found = documents[request.url];
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? {}));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const authority = `${host}:${server.address().port}`;
  const url = `https://${authority}`;
  return {
    ...{ url, host: authority, cert: certificate.cert },
    token: (claims = {}) =>
      new jose.SignJWT({ iss: url, sub: 'ann', aud: 'app', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuedAt()
        .setExpirationTime('10m')
        .sign(privateKey),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** `client`: what a client of its administrator takes; `stop()` answers the exit code. */
export async function startServer(folder, { cert = '', flags = [] }) {
  const data = join(folder, 'data');
  const trusted = join(folder, 'issuer.pem');
  if (cert !== '') await writeFile(trusted, cert);
  const cli = process.env.CONFORMANCE_CLI;
  const child = spawn(
    process.execPath,
    [cli, 'up', '--data', data, '--port', '0', '--log-level', 'warn', ...flags],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...(cert === '' ? {} : { NODE_EXTRA_CA_CERTS: trusted }) },
    },
  );
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, 'exit');
  const within = async (answer) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    return answer.finally(() => clearTimeout(timer));
  };
  const ready = new Promise((found, failed) => {
    lines.on('line', (line) => line.startsWith('modelkeep ready ') && found());
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
  });
  await within(ready);
  const told = spawnSync(process.execPath, [cli, 'env', '--data', data], { encoding: 'utf8' });
  const words = told.stdout.matchAll(/(\w+)=('[^']*'|\S+)/g);
  const said = Object.fromEntries(
    Array.from(words, ([, name, value]) => [name, value.replace(/^'|'$/g, '')]),
  );
  return {
    client: {
      endpoint: said.AWS_ENDPOINT_URL,
      region: said.AWS_REGION,
      credentials: {
        accessKeyId: said.AWS_ACCESS_KEY_ID,
        secretAccessKey: said.AWS_SECRET_ACCESS_KEY,
      },
    },
    async stop() {
      child.kill('SIGTERM');
      return (await within(ended))[0];
    },
  };
}

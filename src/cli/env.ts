/** `modelkeep env`: what a shell needs to talk to the server as its administrator. */
import { readAdministrator } from '../server/administrator.ts';
import { configCommand } from './flags.ts';

export const env = configCommand(
  { usage: '[--data DIR]', meaning: 'prints the environment for clients: eval "$(modelkeep env)"' },
  async (config) => {
    const found = await readAdministrator(config);
    if (!found.ok) {
      console.error(`modelkeep env: ${found.reason}`);
      return 1;
    }
    const { url, runtimeUrl, region, accessKeyId, secretAccessKey } = found.value;
    const variables = {
      AWS_ENDPOINT_URL: url,
      ...(runtimeUrl === undefined ? {} : { AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: runtimeUrl }),
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_REGION: region,
      // boto3 and the command line read this name, the other SDKs the one above.
      AWS_DEFAULT_REGION: region,
    };
    const words = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}`);
    console.log(`export ${words.join(' ')}`);
    return 0;
  },
);

/** As one word of a POSIX shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_/:.+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

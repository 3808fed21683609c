/**
 * The few lines that run a handler, in the program's own language. Each is given file, handler and
 * deadline as arguments and the event on its input, and answers on descriptor 3: `{"value": …}`, or
 * `{"error": …}` with the traceback. What the program prints goes where it always goes.
 */

export const pythonDriver = `
import importlib.util, json, os, sys, time, traceback, uuid

file, handler, name, deadline = sys.argv[1:5]
replies = os.fdopen(3, 'w', encoding='utf-8')


class Context:
    function_name = name
    function_version = '$LATEST'
    aws_request_id = str(uuid.uuid4())

    def get_remaining_time_in_millis(self):
        return max(0, int(deadline) - int(time.time() * 1000))


try:
    event = json.load(sys.stdin)
    sys.path.insert(0, os.path.dirname(file))
    spec = importlib.util.spec_from_file_location('function', file)
    module = importlib.util.module_from_spec(spec)
    sys.modules['function'] = module
    spec.loader.exec_module(module)
    reply = {'value': getattr(module, handler)(event, Context())}
    text = json.dumps(reply, allow_nan=False)
except BaseException:
    text = json.dumps({'error': traceback.format_exc(limit=20)[-8000:]})
sys.stdout.flush()
replies.write(text)
replies.close()
`;

export const javascriptDriver = `
import { randomUUID } from 'node:crypto';
import { readFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [file, handler, name, deadline] = process.argv.slice(1);
const context = {
  functionName: name,
  functionVersion: '$LATEST',
  awsRequestId: randomUUID(),
  getRemainingTimeInMillis: () => Math.max(0, Number(deadline) - Date.now()),
};
let text;
try {
  const event = JSON.parse(readFileSync(0, 'utf8'));
  const module = await import(pathToFileURL(file).href);
  const run = module[handler] ?? module.default?.[handler];
  if (typeof run !== 'function') throw new Error(\`there is no function \${handler} in \${file}\`);
  text = JSON.stringify({ value: (await run(event, context)) ?? null });
} catch (error) {
  text = JSON.stringify({ error: String(error?.stack ?? error).slice(-8000) });
}
const bytes = Buffer.from(text);
for (let at = 0; at < bytes.length; ) {
  try {
    at += writeSync(3, bytes, at);
  } catch (error) {
    if (error.code !== 'EAGAIN') throw error;
  }
}
process.exit(0);
`;

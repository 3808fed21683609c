/**
 * The baseline: the least that a server of a JSON protocol does in Node. It takes the body in,
 * parses it, and answers with JSON of as many bytes as the real answer. No signatures, no rules, no
 * records, nothing read or kept. Run with the sizes of its answers by path it prints `bare PORT`.
 */
import { createServer } from 'node:http';

const answers = JSON.parse(process.argv[2] ?? '{}');
const documents = new Map(
  Object.entries(answers).map(([target, sizeBytes]) => [target, documentOf(sizeBytes)]),
);

/** `{"Filler":"…"}`, or nothing for an answer that has no body. */
function documentOf(sizeBytes) {
  const frame = JSON.stringify({ Filler: '' }).length;
  return sizeBytes < frame ? undefined : { Filler: 'x'.repeat(sizeBytes - frame) };
}

const server = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const asked = JSON.parse(Buffer.concat(parts).toString('utf8'));
    const document = documents.get(request.headers['x-amz-target']);
    const body = document && typeof asked === 'object' ? JSON.stringify(document) : '';
    response.writeHead(200, {
      'content-type': 'application/x-amz-json-1.1',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`bare ${server.address().port}`));

/** Streams as the bodies of answers, part by part, at the pace at which the client takes them. */
import type { ServerResponse } from 'node:http';
import type { ByteStream } from '../kernel/bytes.ts';

/**
 * Parts that may wait for the client while the next is made: so many stay as they are, however soon
 * their source takes their memory for others.
 */
const mostWaiting = 2;

/**
 * Resolves when the last part was handed to the system. Rejects when the client goes away or the
 * source fails, which also ends the connection: half an answer must not be taken for a whole one.
 * Node's pipeline does the same, at several times the cost of a part, and does not say when a part
 * has left.
 */
export function sendStream(response: ServerResponse, body: ByteStream): Promise<void> {
  const source = body[Symbol.asyncIterator]();
  return new Promise((resolve, reject) => {
    let ended = false;
    let waiting = 0;
    let asking = false;
    const end = () => {
      ended = true;
      response.off('close', onClose);
    };
    const fail = (cause: unknown) => {
      if (ended) return;
      end();
      response.destroy();
      // It is told to give up what it holds; nobody waits for that.
      Promise.resolve(source.return?.()).catch(() => {});
      reject(cause);
    };
    const onClose = () => fail(new Error('the client ended the connection'));
    const take = ({ done, value }: IteratorResult<Uint8Array>) => {
      if (ended) return;
      // Nothing is asked for any more.
      if (done) return void response.end(finish);
      asking = false;
      waiting += 1;
      response.write(value, onLeft);
      next();
    };
    const onLeft = () => {
      waiting -= 1;
      next();
    };
    const finish = (cause?: Error | null) => {
      if (cause) return fail(cause);
      end();
      resolve();
    };
    const next = () => {
      if (asking || ended || waiting >= mostWaiting) return;
      asking = true;
      source.next().then(take, fail);
    };
    response.on('close', onClose);
    // Also when all is over: a failure that nobody hears of would end the process.
    response.on('error', fail);
    if (response.destroyed) onClose();
    else next();
  });
}
